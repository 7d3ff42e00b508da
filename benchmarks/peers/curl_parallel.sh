#!/bin/sh
# A yardstick: one curl for all accounts and one jq. Arguments: accounts.json URL
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
jq -r --arg url "$2" --arg folder "$folder" '.[] |
    "next",
    "url = \($url)/v24.0/\(.id)/messenger_profile?fields=ice_breakers",
    "header = \"Authorization: Bearer \(env.BENCH_TOKEN)\"",
    "output = \($folder)/\(.name)",
    "fail", "silent", "noproxy = *"' "$1" | sed 1d |
  curl --parallel --parallel-max 16 --silent --config - || exit 1
cd "$folder" && jq -rn --slurpfile wanted "$1" '
  (reduce inputs as $answer ({}; .[input_filename] = ([$answer.data[].ice_breakers[]? | {(.locale): .call_to_actions}] | add))) as $live
  | [$wanted[0][] | select($live[.name] != .ice_breakers) | .name] as $names
  | $names[], "\($names | length) differ, \(($wanted[0] | length) - ($names | length)) in sync"' *
