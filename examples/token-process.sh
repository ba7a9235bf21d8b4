#!/usr/bin/env bash
# Token process: start, the service's own work, end. 100 tokens in and 400 out cost 100 (4 : 1) plus the active profits.
source "$(dirname "$0")/check.sh"
needs SERVER_API_KEY ADMIN_PASSWORD
KEY=(-H "x-server-api-key: $SERVER_API_KEY")
WHO="\"user_id\":\"user-$RUN\",\"feature_endpoint_id\":\"endpoint-$RUN\""

echo '— an admin names a feature, and an endpoint of it that needs 10 tokens to start'
json "{\"email\":\"$ADMIN_EMAIL\",\"password\":\"$ADMIN_PASSWORD\"}"
call POST /api/auth/login "${JSON[@]}"; gets 200
ADMIN=(-H "authorization: Bearer $(member access_token)")
json "{\"id\":\"feature-$RUN\",\"name\":\"Text generation\"}"
call POST /api/features "${ADMIN[@]}" "${JSON[@]}"; gets 201 '"is_active":true'
json "{\"id\":\"endpoint-$RUN\",\"feature\":\"feature-$RUN\",\"path\":\"/generate\",\"method\":\"POST\",\"minimum_token\":10}"
call POST /api/feature-endpoints "${ADMIN[@]}" "${JSON[@]}"; gets 201 '"minimum_token":10'

echo '— the server key is needed, and input is checked'
json "{$WHO}"
call POST /api/token-process/start "${JSON[@]}"; gets 401 '"message":"Server API key is required"'
json '{"user_id":"","feature_endpoint_id":7}'
call POST /api/token-process/start "${KEY[@]}" "${JSON[@]}"; gets 400 '"message":"Validation Error"' '"path":"user_id"'

echo '— a new user has no tokens; 1,000 are given'
json "{$WHO}"
call POST /api/token-process/start "${KEY[@]}" "${JSON[@]}"; gets 200 '"status":"not-accessible"' 'Insufficient tokens. Required: 10, Available: 0'
json "{\"user_id\":\"user-$RUN\",\"token\":1000}"
call POST /api/user-wallets/give-initial-token "${KEY[@]}" "${JSON[@]}"; gets 200 '"token":1000'

echo '— start; here the service does its work; end'
json "{$WHO}"
call POST /api/token-process/start "${KEY[@]}" "${JSON[@]}"; gets 200 '"status":"accessible"' '"token":1000'
json "{$WHO,\"input_token\":100,\"output_token\":400,\"model\":\"gemini-pro\"}"
call POST /api/token-process/end "${KEY[@]}" "${JSON[@]}" -H "idempotency-key: end-$RUN"; gets 200 '"status":"returnable"' '"cost":'
FIRST="$BODY"

echo '— the same end again is booked once: the first answer comes back'
call POST /api/token-process/end "${KEY[@]}" "${JSON[@]}" -H "idempotency-key: end-$RUN"; gets 200 "$FIRST"

echo '— both counts 0: nothing to book'
json "{$WHO,\"input_token\":0,\"output_token\":0}"
call POST /api/token-process/end "${KEY[@]}" "${JSON[@]}"; gets 200 '"cost":0'
