-- Each request is another tenant's; neighbours are far apart.
local number = 0
function request()
  number = (number + 7919) % 10000
  return wrk.format("GET", nil, { Host = "t" .. number .. ".example.com" })
end
