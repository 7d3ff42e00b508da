#!/bin/sh
# A peer: a loop of curl and jq, one of each for an account. Arguments: accounts.json URL
differ=0 same=0
jq -r '.[] | .name, .id, (.ice_breakers | tojson)' "$1" | {
  while IFS= read -r name && IFS= read -r id && IFS= read -r wanted; do
    if curl --fail --silent --noproxy '*' --header "Authorization: Bearer $BENCH_TOKEN" \
      "$2/v24.0/$id/messenger_profile?fields=ice_breakers" |
      jq --exit-status --argjson wanted "$wanted" \
        '[.data[].ice_breakers[]? | {(.locale): .call_to_actions}] | add == $wanted' >/dev/null; then
      same=$((same + 1))
    else
      differ=$((differ + 1))
      echo "$name"
    fi
  done
  echo "$differ differ, $same in sync"
}
