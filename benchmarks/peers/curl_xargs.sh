#!/bin/sh
# A peer: curl and jq again, sixteen accounts at once by xargs. Arguments: accounts.json URL
PEERS_URL=$2
export PEERS_URL
jq -r '.[] | .name, .id, (.ice_breakers | tojson)' "$1" | tr '\n' '\0' |
  xargs -0 -n 3 -P 16 sh -c '
    curl --fail --silent --noproxy "*" --header "Authorization: Bearer $BENCH_TOKEN" \
      "$PEERS_URL/v24.0/$2/messenger_profile?fields=ice_breakers" |
      jq --raw-output --arg name "$1" --argjson wanted "$3" \
        "[.data[].ice_breakers[]? | {(.locale): .call_to_actions}]
         | if add == \$wanted then \"=\" else \$name end"' account |
  awk '$0 == "=" { same++; next } { differ++; print } END { printf "%d differ, %d in sync\n", differ, same }'
