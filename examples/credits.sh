#!/usr/bin/env bash
# Credits: a new user has 5; a workflow and a review use one each; an admin makes the user pro.
source "$(dirname "$0")/check.sh"
needs ADMIN_PASSWORD

echo '— a user registers and logs in'
json "{\"email\":\"grace-$RUN@example.org\",\"password\":\"correct horse\",\"name\":\"Grace\"}"
call POST /api/auth/register "${JSON[@]}"; gets 200
USER_ID="$(member id)"
json "{\"email\":\"grace-$RUN@example.org\",\"password\":\"correct horse\"}"
call POST /api/auth/login "${JSON[@]}"; gets 200
LOGIN=(-H "authorization: Bearer $(member access_token)")

echo '— 5 credits of 2,000 tokens each'
call GET /api/user/usage; gets 401 '{"error":"Unauthorized"}'
call GET /api/user/usage "${LOGIN[@]}"; gets 200 '"credits":5' '"totalTokens":10000' '"subscriptionTier":"free"'

echo '— a workflow and a review use one credit each'
json '{"projectId":"abc123"}'
call POST /api/projects/start-workflow "${LOGIN[@]}" "${JSON[@]}"; gets 200 '"workflowStarted":true' '"creditsRemaining":4'
json '{"projectId":"abc123","files":[{"path":"src/main.ts","content":"export {};"}]}'
call POST /api/review/generate "${LOGIN[@]}" "${JSON[@]}"; gets 200 '"review":' '"creditsRemaining":3'
json '{}'
call POST /api/projects/start-workflow "${LOGIN[@]}" "${JSON[@]}"; gets 400 '"error":'

echo '— an admin uses the other three; then there are none'
json "{\"email\":\"$ADMIN_EMAIL\",\"password\":\"$ADMIN_PASSWORD\"}"
call POST /api/auth/login "${JSON[@]}"; gets 200
ADMIN=(-H "authorization: Bearer $(member access_token)")
for left in 2 1 0; do
  call POST "/api/admin/credits/$USER_ID/consume" "${ADMIN[@]}"; gets 200 "\"credits\":$left"
done
json '{"projectId":"abc123"}'
call POST /api/projects/start-workflow "${LOGIN[@]}" "${JSON[@]}"; gets 429 '"error":"Insufficient credits"' '"detail":"You have 0 credits remaining (0 tokens)"' '"maxTokens":0'

echo '— pro for 30 days: at least 100 credits'
json '{"days":30}'
call POST "/api/admin/credits/$USER_ID/upgrade" "${ADMIN[@]}" "${JSON[@]}"; gets 200 '"credits":100' '"subscriptionTier":"pro"'
json '{"amount":10}'
call POST "/api/admin/credits/$USER_ID/bonus" "${ADMIN[@]}" "${JSON[@]}"; gets 200 '"credits":110'
