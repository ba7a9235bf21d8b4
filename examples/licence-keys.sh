#!/usr/bin/env bash
# Licence keys: as token_usage_test.sh of the old system. A key of two tokens is made, assigned, used up, and filled again.
source "$(dirname "$0")/check.sh"
needs ADMIN_PASSWORD

echo '— the admin logs in and makes a key of two tokens'
json "{\"email\":\"$ADMIN_EMAIL\",\"password\":\"$ADMIN_PASSWORD\"}"
call POST /api/auth/login "${JSON[@]}"; gets 200 '"success":true'
ADMIN=(-H "authorization: Bearer $(member access_token)")
json '{"token_balance":2,"price_per_token":5}'
call POST /api/admin/license-keys "${ADMIN[@]}" "${JSON[@]}"; gets 201 '"token_balance":2'
LICENSE_KEY="$(member license_key)"

echo '— a user registers, logs in and takes the key'
json "{\"email\":\"ada-$RUN@example.org\",\"password\":\"correct horse\",\"name\":\"Ada\"}"
call POST /api/auth/register "${JSON[@]}"; gets 200 '"email":"ada-'
json "{\"email\":\"ada-$RUN@example.org\",\"password\":\"correct horse\"}"
call POST /api/auth/login "${JSON[@]}"; gets 200
USER_TOKEN=(-H "authorization: Bearer $(member access_token)")
json "{\"license_key\":\"$LICENSE_KEY\"}"
call POST /api/user/assign-license "${USER_TOKEN[@]}" "${JSON[@]}"; gets 200 '"status":"active"'

USE="/api/user/license-keys/$LICENSE_KEY/use-token"
echo '— without a login nothing is used'
call POST "$USE"; gets 401 '"success":false'

echo '— a token without a body, then the last one with purpose and metadata'
call POST "$USE" "${USER_TOKEN[@]}"; gets 200 '"message":"Token used successfully"' '"previous_balance":2' '"new_balance":1' '"tokens_used":1'
json '{"purpose":"API request","metadata":{"endpoint":"/api/data"}}'
call POST "$USE" "${USER_TOKEN[@]}" "${JSON[@]}"; gets 200 '"previous_balance":1' '"new_balance":0'

echo '— the key is inactive now, and an unknown one is not found'
call POST "$USE" "${USER_TOKEN[@]}"; gets 400 '"error":"License key is not active"'
call POST /api/user/license-keys/NO-SUCH-KEY/use-token "${USER_TOKEN[@]}"; gets 404 '"error":"License key not found"'

echo '— tokens that are added make it active again; the history shows both uses'
json '{"token_balance":10,"notes":"renewal"}'
call POST "/api/admin/license-keys/$LICENSE_KEY/add-token" "${ADMIN[@]}" "${JSON[@]}"; gets 200 '"token_balance":10' '"status":"active"'
call GET "/api/user/license-keys/$LICENSE_KEY/usage" "${USER_TOKEN[@]}"; gets 200 '"purpose":"API request"' '"total":2'
call GET /api/user/token-balance "${USER_TOKEN[@]}"; gets 200 '"total_balance":10'
