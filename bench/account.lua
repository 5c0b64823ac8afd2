-- Requests as accounts of a population made by bench/src/lib.rs: BENCH_ACCOUNTS=1 for always the same one.
--
-- An account's number has nine digits and stands twice in its credential, each time behind a multiple of three bytes:
-- so the base64 of a credential is put together from the base64 of groups of three digits, and the load generator
-- spends next to nothing on it.

local accounts = tonumber(os.getenv("BENCH_ACCOUNTS"))
local path = os.getenv("BENCH_PATH")
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

local function authorization(number)
  local digits = groups[math.floor(number / 1000000)]
    .. groups[math.floor(number / 1000) % 1000]
    .. groups[number % 1000]
  return before .. digits .. between .. digits
end

function init()
  math.randomseed(20)
  -- A request with a place for the credential, so that one is made of three pieces.
  wrk.headers["Authorization"] = "HERE"
  local request = wrk.format("GET", path)
  local from, to = request:find("HERE", 1, true)
  head, tail = request:sub(1, from - 1), request:sub(to + 1)
  hot = head .. authorization(0) .. tail
end

function request()
  if accounts == 1 then
    return hot
  end
  return head .. authorization(math.random(0, accounts - 1)) .. tail
end
