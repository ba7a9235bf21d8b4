#!/usr/bin/env bash
# Remote quotas: an image is taken, charged, optimised and given back; then the usage of the customer is reset.
source "$(dirname "$0")/check.sh"
needs OPTIMIZE_ADMIN_TOKEN
CUSTOMER="customer-$RUN"
TOKEN=(-H "x-token: $CUSTOMER")
FOLDER="$(mktemp -d)"
trap 'rm -rf "$FOLDER"' EXIT

echo '— without a token nothing is done'
call GET /api/optimize/quota; gets 401 '"code":"TOKEN_REQUIRED"'

echo '— the quota of the customer'
call GET /api/optimize/quota "${TOKEN[@]}"; gets 200 '"used_mb":0' '"quota_mb":'
call POST /api/optimize/refresh-quota "${TOKEN[@]}"; gets 200 '"subscription_type":'

echo '— an image: your own as IMAGE=photo.jpg, else a PNG of one pixel'
if [ -z "${IMAGE:-}" ]; then
  IMAGE="$FOLDER/pixel.png"
  base64 -d >"$IMAGE" <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
fi
call POST /api/optimize/submit "${TOKEN[@]}" -F "file=@$IMAGE" -F quality=80 -F generate_webp=true; gets 202 '"status":"pending"' '"quota_info":'
TASK="$(member task_id)"

echo '— what is no image is refused and costs nothing'
echo 'no image' >"$FOLDER/text.png"
call POST /api/optimize/submit "${TOKEN[@]}" -F "file=@$FOLDER/text.png"; gets 422 '"success":false'

echo '— until it is optimised'
for _ in $(seq 60); do
  call GET "/api/optimize/status/$TASK" "${TOKEN[@]}"
  case "$BODY" in *'"status":"pending"'*) sleep 0.5 ;; *) break ;; esac
done
gets 200 '"status":"completed"' '"optimized_file":'
curl -sSf -o "$FOLDER/optimised" "${TOKEN[@]}" "$TOKEN_SERVER_URL/api/optimize/download/$TASK"
curl -sSf -o "$FOLDER/optimised.webp" "${TOKEN[@]}" "$TOKEN_SERVER_URL/api/optimize/download/$TASK/webp"
[ -s "$FOLDER/optimised" ] && [ -s "$FOLDER/optimised.webp" ] && echo '✓ both files are here'

echo '— the operator resets what the customer has used'
json "{\"token\":\"$CUSTOMER\"}"
call POST /api/optimize/reset-usage "${TOKEN[@]}" "${JSON[@]}"; gets 403 '"code":"ADMIN_REQUIRED"'
call POST /api/optimize/reset-usage -H "x-token: $OPTIMIZE_ADMIN_TOKEN" -d "{\"token\":\"$CUSTOMER\"}"; gets 200 '"new_usage_mb":0'
