# Sourced by the examples: calls the platform by curl and checks what it gets. Nothing but bash and curl.
set -euo pipefail

# Where the platform is, and whose keys are used; `npm start` prints where it keeps the generated ones.
: "${TOKEN_SERVER_URL:=http://127.0.0.1:3000}"
: "${ADMIN_EMAIL:=admin@localhost}"
RUN="$(date +%s)-$$"   # Every run uses accounts of its own.
STATUS='' BODY=''

# call METHOD PATH [curl options…]: sets STATUS and BODY.
call() {
  local method="$1" path="$2" answer
  shift 2
  answer="$(curl -sS --max-time 30 -X "$method" -w '\n%{http_code}' "$@" "$TOKEN_SERVER_URL$path")"
  STATUS="${answer##*$'\n'}"
  BODY="${answer%$'\n'*}"
}

# json: the options of a JSON body.
json() { JSON=(-H 'content-type: application/json' -d "$1"); }

# gets STATUS [text…]: the last answer had this status, and each text stands in its body.
gets() {
  local expected="$1" text
  shift
  [ "$STATUS" = "$expected" ] || { echo "✗ answered $STATUS, expected $expected: $BODY" >&2; exit 1; }
  for text in "$@"; do
    case "$BODY" in *"$text"*) ;; *) echo "✗ $text is missing in $BODY" >&2; exit 1 ;; esac
  done
  echo "✓ $STATUS $*"
}

# member NAME: the first text member of that name in the last body.
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$BODY" | head -n 1; }

# needs NAME…: stops with one clear line when a variable is not set.
needs() {
  local name
  for name in "$@"; do
    [ -n "${!name:-}" ] || { echo "$name is not set: see examples/README.md" >&2; exit 2; }
  done
}
