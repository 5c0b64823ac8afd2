-- Requests as accounts of a population made by bench/src/lib.rs.
--
-- Environment:
--   BENCH_ACCOUNTS    how many there are
--   BENCH_PATH        the path; PROJECT in it stands for the account's own project
--   BENCH_FORWARDED   the path that a gateway would say is asked for; PROJECT as well
--   BENCH_KEYS        one: always the same account; random, the default: uniformly random ones
--   BENCH_CREDENTIAL  right, the default; wrong: another account's secret; unknown: a name that no account has
--
-- An account's number has nine digits and stands twice in its credential, each time behind a multiple of three bytes:
-- so the base64 of a credential is put together from the base64 of groups of three digits, and the load generator
-- spends next to nothing on it.

local accounts = tonumber(os.getenv("BENCH_ACCOUNTS"))
local path = os.getenv("BENCH_PATH")
local forwarded = os.getenv("BENCH_FORWARDED")
local keys = os.getenv("BENCH_KEYS") or "random"
local credential = os.getenv("BENCH_CREDENTIAL") or "right"
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  assert(#text % 3 == 0)
  return (text:gsub("...", function(three)
    local a, b, c = three:byte(1, 3)
    local bits = a * 65536 + b * 256 + c
    local function letter(divisor)
      local place = math.floor(bits / divisor) % 64 + 1
      return letters:sub(place, place)
    end
    return letter(262144) .. letter(4096) .. letter(64) .. letter(1)
  end))
end

local groups = {}
for number = 0, 999 do
  groups[number] = base64(string.format("%03d", number))
end
local before = "Basic " .. base64("nightly-export-")
-- 47 bytes of username, the colon, and what a secret of 42 bytes has before its last 36 digits.
local between = base64(".b0b0b0.service-account:cvg_00") .. groups[0]:rep(9)

local function digits(number)
  return groups[math.floor(number / 1000000)] .. groups[math.floor(number / 1000) % 1000] .. groups[number % 1000]
end

local function authorization(number)
  local name = credential == "unknown" and number + accounts or number
  local secret = credential == "right" and number or number + 1
  return before .. digits(name) .. between .. digits(secret)
end

-- The first of the two projects that an account has a role on.
local function project(number)
  local organizations = math.max(math.ceil(accounts / 1000), 1)
  return string.format("%d", 1 + organizations + math.floor(number / 1000) * 10 + number % 10)
end

-- A request in pieces, and what stands between them, so that one is made of a few.
local pieces, between_them = {}, {}

local function written(number)
  local parts = { pieces[1] }
  for place, made in ipairs(between_them) do
    parts[#parts + 1] = made(number)
    parts[#parts + 1] = pieces[place + 1]
  end
  return table.concat(parts)
end

function init()
  math.randomseed(20)
  wrk.headers["Authorization"] = "CREDENTIAL"
  if forwarded then
    wrk.headers["X-Forwarded-Method"] = "GET"
    wrk.headers["X-Forwarded-Uri"] = forwarded
  end
  local request, at = wrk.format("GET", path), 1
  local makers = { PROJECT = project, CREDENTIAL = authorization }
  for from, word, to in request:gmatch("()(%u+)()") do
    if makers[word] then
      pieces[#pieces + 1] = request:sub(at, from - 1)
      between_them[#between_them + 1] = makers[word]
      at = to
    end
  end
  pieces[#pieces + 1] = request:sub(at)
  hot = written(math.floor(accounts / 2))
end

function request()
  if keys == "one" then
    return hot
  end
  return written(math.random(0, accounts - 1))
end
