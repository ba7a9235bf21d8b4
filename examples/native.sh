#!/usr/bin/env bash
# The native API (/v1): an account, a grant, a spend that is checked and booked at once, a refusal, a hold, an event.
source "$(dirname "$0")/check.sh"
needs SERVER_API_KEY
KEY=(-H "x-server-api-key: $SERVER_API_KEY")
ACCOUNT="example-$RUN"

echo '— an account opens once; the same again changes nothing'
json "{\"id\":\"$ACCOUNT\",\"kind\":\"wallet\",\"unit\":\"credit\"}"
call POST /v1/accounts "${KEY[@]}" "${JSON[@]}"; gets 201 '"balance":"0"'
call POST /v1/accounts "${KEY[@]}" "${JSON[@]}"; gets 200

echo '— amounts are decimal strings of whole numbers'
json '{"amount":"100","reason":"a first purchase"}'
call POST "/v1/accounts/$ACCOUNT/grants" "${KEY[@]}" "${JSON[@]}"; gets 201 '"available":"100"'

echo '— a spend under an Idempotency-Key is booked once, however often it is sent'
json '{"amount":"30","metadata":{"feature":"search"}}'
call POST "/v1/accounts/$ACCOUNT/spend" "${KEY[@]}" "${JSON[@]}" -H "idempotency-key: order-$RUN"; gets 200 '"available":"70"'
ENTRY="$(member id)"
call POST "/v1/accounts/$ACCOUNT/spend" "${KEY[@]}" "${JSON[@]}" -H "idempotency-key: order-$RUN"; gets 200 "\"id\":\"$ENTRY\"" '"available":"70"'

echo '— more than there is is refused, and nothing is booked'
json '{"amount":"71"}'
call POST "/v1/accounts/$ACCOUNT/spend" "${KEY[@]}" "${JSON[@]}"; gets 402 '"code":"ALLOWANCE_EXHAUSTED"' '"asked":"71"' '"available":"70"'

echo '— a hold reserves; settling books what was used and gives the rest back'
json '{"amount":"50","expires_in_s":600}'
call POST "/v1/accounts/$ACCOUNT/holds" "${KEY[@]}" "${JSON[@]}"; gets 201 '"available":"20"'
HOLD="$(member hold_id)"
json '{"amount":"42"}'
call POST "/v1/holds/$HOLD/settle" "${KEY[@]}" "${JSON[@]}"; gets 200 '"status":"settled"' '"available":"28"'

echo '— usage as a CloudEvent; ?wait=booked answers when it is in the books'
EVENT="{\"specversion\":\"1.0\",\"id\":\"e-$RUN\",\"source\":\"/example\",\"type\":\"request\",\"subject\":\"$ACCOUNT\",\"data\":{\"quantity\":8}}"
call POST '/v1/events?wait=booked' "${KEY[@]}" -H 'content-type: application/cloudevents+json' -d "$EVENT"; gets 200 '"status":"booked"'
call POST '/v1/events?wait=booked' "${KEY[@]}" -H 'content-type: application/cloudevents+json' -d "$EVENT"; gets 200 '"status":"duplicate"'

echo '— the account and its entries, newest first'
call GET "/v1/accounts/$ACCOUNT" "${KEY[@]}"; gets 200 '"balance":"20"'
call GET "/v1/accounts/$ACCOUNT/entries?limit=1" "${KEY[@]}"; gets 200 '"amount":"-8"'
