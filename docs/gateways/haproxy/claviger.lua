-- Asks Claviger about a request, before HAProxy passes it on. Goes to /etc/haproxy/claviger.lua.
-- docs/gateways/haproxy.md says what it is for; haproxy.cfg calls it:
--
--     http-request lua.claviger URL HEADER
--
-- URL is where /auth/check is asked, HEADER the one that holds the caller's credential. A request that goes through gets the
-- answer's X-Claviger-* headers, and the variable txn.claviger says "passed". Everything else ends here: without that
-- variable haproxy.cfg denies, so an error in this file lets nothing through either.

local REFUSED_WITH =
    { "content-type", "cache-control", "retry-after", "www-authenticate", "x-claviger-reason", "x-request-id" }

local UNAVAILABLE = '{"status": "error", "error": "it cannot be checked now whether this is allowed; try again", '
    .. '"code": "unavailable"}'

-- What a header holds, each time that it is there. HAProxy counts from 0.
local function values(headers, name)
    local all, at = {}, 0
    while headers[name] and headers[name][at] do
        all[#all + 1] = headers[name][at]
        at = at + 1
    end
    return all
end

local function ask(txn, url, credential)
    -- Nothing of the client's goes along but what is named here, and no body.
    local headers = {
        ["x-forwarded-method"] = { txn.sf:method() },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        ["x-forwarded-for"] = { txn.sf:src() },
    }
    local presented = values(txn.http:req_get_headers(), credential)
    if #presented > 0 then
        headers[credential] = presented
    end
    return core.httpclient():get({ url = url, headers = headers })
end

-- Ends the request with what Claviger said, or with 503 where it said nothing.
local function refuse(txn, answer)
    local reply = txn:reply({ status = 503, body = UNAVAILABLE })
    local reason = answer and answer.headers and values(answer.headers, "x-claviger-reason")[1]
    if reason and answer.status >= 400 and answer.status <= 599 then
        reply:set_status(answer.status)
        reply:set_body(answer.body)
        for _, name in ipairs(REFUSED_WITH) do
            for _, value in ipairs(values(answer.headers, name)) do
                reply:add_header(name, value)
            end
        end
    else
        reply:add_header("content-type", "application/json")
        reply:add_header("cache-control", "no-store")
    end
    txn:done(reply)
end

local function claviger(txn, url, credential)
    local asked, answer = pcall(ask, txn, url, credential:lower())
    if not asked then
        core.Alert("claviger: " .. tostring(answer))
        return refuse(txn, nil)
    end
    if not answer or answer.status ~= 200 then
        return refuse(txn, answer)
    end
    for name in pairs(answer.headers) do
        if name:sub(1, 11) == "x-claviger-" then
            txn.http:req_set_header(name, values(answer.headers, name)[1])
        end
    end
    txn:set_var("txn.claviger", "passed")
end

core.register_action("claviger", { "http-req" }, claviger, 2)
