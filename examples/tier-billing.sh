#!/usr/bin/env bash
# Tier billing: 8 million tokens a month are included, each block of 8 million that is begun beyond is charged 100.00.
source "$(dirname "$0")/check.sh"
needs SERVER_API_KEY
KEY=(-H "x-server-api-key: $SERVER_API_KEY")
USER_ID="user-$RUN"
SUMMARY="/api/token-billing/user-summary/$USER_ID"

echo '— nobody without a key'
json "{\"userId\":\"$USER_ID\",\"tokensUsed\":5000000,\"operationType\":\"chat\",\"metadata\":{\"conversationId\":\"conv-123\"}}"
call POST /api/token-billing/process-usage "${JSON[@]}"; gets 401 '"success":false'

echo '— 5 million are included'
call POST /api/token-billing/process-usage "${KEY[@]}" "${JSON[@]}"; gets 200 '"totalTokens":5000000' '"tierCharges":[]'
call GET "$SUMMARY" "${KEY[@]}"; gets 200 '"total_tokens":5000000' '"current_tier":"0-8M"' '"tier_charges_count":0'

echo '— 10 million enter one block; sent again under its key, the usage counts once'
call POST /api/token-billing/process-usage "${KEY[@]}" "${JSON[@]}" -H "idempotency-key: usage-$RUN"; gets 200 '"totalTokens":10000000' '"billing_tier":"8M-16M"' '"amount_charged":10000'
call POST /api/token-billing/process-usage "${KEY[@]}" "${JSON[@]}" -H "idempotency-key: usage-$RUN"; gets 200 '"totalTokens":10000000'

echo '— a jump to 25 million enters two more'
json "{\"userId\":\"$USER_ID\",\"tokensUsed\":15000000}"
call POST /api/token-billing/process-usage "${KEY[@]}" "${JSON[@]}"; gets 200 '"totalTokens":25000000' '"16M-24M"' '"24M-32M"'
call GET "$SUMMARY" "${KEY[@]}"; gets 200 '"current_tier":"24M-32M"' '"tier_charges_count":3' '"tier_charges_total":30000'

echo '— a negative figure is refused'
json "{\"userId\":\"$USER_ID\",\"tokensUsed\":-1}"
call POST /api/token-billing/process-usage "${KEY[@]}" "${JSON[@]}"; gets 400 '"success":false'
