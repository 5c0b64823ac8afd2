-- Makes service accounts, each with a role on a project: wrk -s create.lua URL -- CREDENTIAL PROJECT PREFIX
-- CREDENTIAL is what stands behind "Basic "; each name begins with PREFIX, and no two are the same.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  headers = { ["Authorization"] = "Basic " .. args[1], ["Content-Type"] = "application/json" }
  project, prefix, count = args[2], args[3], 0
end

function request()
  count = count + 1
  local body = string.format(
    '{"username":"%s-%d-%d","projects":[{"id":%s,"role":"consumer"}]}', prefix, number, count, project)
  return wrk.format("POST", nil, headers, body)
end
