-- Asks schemagate what is to be done with a request: http-request lua.schemagate open|closed

-- Where schemagate answers ([decisions] listen), and for how many milliseconds it is waited for: longer than max_hold.
local decisions = "http://127.0.0.1:9902/forwarded"
local patience = 10000

-- What belongs to a connection, and is neither asked nor answered.
local of_connection = {
    ["connection"] = true, ["content-length"] = true, ["expect"] = true, ["keep-alive"] = true, ["te"] = true,
    ["transfer-encoding"] = true, ["upgrade"] = true,
}

local function question(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not of_connection[name] then
            local list = {}
            -- HAProxy counts them from 0.
            for place = 0, #values do
                list[place + 1] = values[place]
            end
            headers[name] = list
        end
    end
    headers["x-forwarded-method"] = { txn.sf:method() }
    headers["x-forwarded-uri"] = { txn.sf:pathq() }
    headers["x-forwarded-host"] = { txn.sf:req_hdr("host") }
    headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
    headers["x-forwarded-for"] = { txn.sf:src() }
    return headers
end

core.register_action("schemagate", { "http-req" }, function(txn, when_down)
    local asked = core.httpclient():get { url = decisions, headers = question(txn), timeout = patience }
    local status = asked and asked.status or 0
    if status == 200 then
        local degraded = asked.headers["schemagate-degraded"]
        if degraded then
            txn:set_var("txn.schemagate_degraded", degraded[0])
        end
        return
    end
    -- schemagate names itself in what it answers; what HAProxy's own client makes of silence does not.
    if status == 0 or not asked.headers["proxy-status"] and status >= 500 then
        if when_down == "open" then
            return
        end
        txn:done(txn:reply { status = 503 })
    end
    local reply = txn:reply { status = status, reason = asked.reason }
    for name, values in pairs(asked.headers) do
        if not of_connection[name] then
            for place = 0, #values do
                reply:add_header(name, values[place])
            end
        end
    end
    if txn.sf:method() ~= "HEAD" then
        reply:set_body(asked.body or "")
    end
    txn:done(reply)
end, 1)
