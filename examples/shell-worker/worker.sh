#!/bin/sh
# Executes runs with a command, by curl and sh alone:
#
#   worker.sh <address of the service> <name of the executor> <command> [argument ...]
#
# The command reads the claim (JSON) on its standard input. Each line that it prints becomes an event; how it ends is how
# the run ends. RUNSTREAM_KEY is sent where it is set.
url=$1 executor=$2
shift 2
worker=shell-$$ calls=0 stop='' child='' as=''
folder=$(mktemp -d) && mkfifo "$folder/lines" || exit 1
trap 'rm -rf "$folder"' EXIT
# What it has is given back below, when the command has ended.
trap 'stop=1; [ "$child" ] && kill "$child"' TERM INT

# What gets no answer, or that of an overload or an outage, is sent again.
call() {
  $as curl -s --retry 60 --retry-delay 1 --retry-all-errors -H 'Content-Type: application/json' \
    ${RUNSTREAM_KEY:+-H} ${RUNSTREAM_KEY:+"Authorization: Bearer $RUNSTREAM_KEY"} "$@"
}
# of <path> <body>: what is said of the run that was claimed.
of() { call -H "Lease-Token: $token" "$url/runs/$id/$1" -d "$2"; }
# event <number> <category> <action> <data>. The attempt is in the key: a second one's events are not the first one's.
event() {
  of events "{\"event\": {\"category\": \"$2\", \"action\": \"$3\"}, \"data\": $4, \"idempotency_key\": \"$attempt:$1\"}"
}
# Text for between the quotes of JSON.
escape() { tr -d '\000-\010\013-\037' | sed 's/\\/\\\\/g; s/"/\\"/g; s/	/\\t/g'; }

# Renews the lease for as long as the run goes on; a cancel is heard of at once.
keep_lease() {
  while of lease '{"wait_seconds": 5}' >"$folder/lease" && grep -q '"status":"running"' "$folder/lease"; do :; done
  kill "$child"
}

call -X PUT "$url/executors/$executor" -d '{"on_crash": "restart", "lease_seconds": 15}'
echo
while [ ! "$stop" ]; do
  calls=$((calls + 1))
  # As a process that can be killed, so that nothing is given to it when this one has gone.
  (as=exec; call "$url/executors/$executor/claims" -d "{\"worker\": \"$worker\", \"claim_id\": \"$worker-$calls\"}") >"$folder/claim" &
  # Only a `wait` is interrupted by a signal.
  child=$! && wait "$child"
  child=''
  id=$(sed -n 's/^{"claims":\[{"run":{"id":"\([^"]*\)".*/\1/p' "$folder/claim")
  token=$(sed -n 's/.*"lease_token":"\([^"]*\)".*/\1/p' "$folder/claim")
  attempt=$(sed -n 's/.*"attempt":\([0-9]*\).*/\1/p' "$folder/claim")
  [ "$id" ] || { sleep 1; continue; }
  [ "$stop" ] && { of release '{}'; break; }

  "$@" <"$folder/claim" >"$folder/lines" 2>&1 &
  child=$!
  keep_lease &
  keeper=$!
  count=0
  while IFS= read -r line; do
    count=$((count + 1))
    event "$count" log stdout "{\"line\": \"$(printf '%s' "$line" | escape)\"}"
  done <"$folder/lines" >"$folder/answers" &
  writer=$!
  wait "$child"
  code=$?
  # A signal has ended that `wait`, and then the command.
  [ "$stop" ] && wait "$child"
  wait "$writer"
  kill "$keeper" 2>/dev/null
  child=''
  if [ "$stop" ]; then
    of release '{}'
  elif [ "$code" = 0 ]; then
    event end lifecycle completed '{}' >"$folder/answers"
  else
    event end lifecycle failed "{\"error\": \"It ended with $code.\"}" >"$folder/answers"
  fi
done
