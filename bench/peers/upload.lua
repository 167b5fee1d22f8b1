-- A megabyte is sent.
wrk.method = "POST"
wrk.body = string.rep("x", 1024 * 1024)
