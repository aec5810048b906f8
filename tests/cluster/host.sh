# Sourced: what the scripts change on this machine outside the cache, and how tests/cluster/down undoes exactly that. A record
# keeps the state from before. It is valid until the machine restarts, which undoes the changes as well.
host_record=$CONFAB_CACHE/host-record
host_record_files=(boot sysctls links iptables ip6tables)

has_host_record() { [ "$(cat "$host_record/boot" 2>/dev/null)" = "$(cat /proc/sys/kernel/random/boot_id)" ]; }

open_host_record() {
  has_host_record && return
  remove_host_record
  mkdir -p "$host_record"
  cat /proc/sys/kernel/random/boot_id >"$host_record/boot"
}

remove_host_record() {
  [ -d "$host_record" ] || return 0
  (cd "$host_record" && rm -f "${host_record_files[@]}")
  rmdir "$host_record"
}

sysctl_file() { echo "/proc/sys/${1//.//}"; }

record_sysctl() { # NAME VALUE: call it before the setting gets this value
  open_host_record
  grep -qs "^$1 " "$host_record/sysctls" || echo "$1 $(cat "$(sysctl_file "$1")") $2" >>"$host_record/sysctls"
}

raise_sysctl() { # NAME VALUE
  local now
  now=$(cat "$(sysctl_file "$1")" 2>/dev/null) || return 0
  [ "$now" -lt "$2" ] || return 0
  record_sysctl "$1" "$2"
  echo "$2" >"$(sysctl_file "$1")"
  say host "raise $1 from $now to $2 (tests/cluster/down puts it back)"
}

restore_sysctls() {
  local name before raised
  [ -e "$host_record/sysctls" ] || return 0
  while read -r name before raised; do
    if [ "$(cat "$(sysctl_file "$name")")" = "$raised" ] && [ "$raised" != "$before" ]; then
      echo "$before" >"$(sysctl_file "$name")"
      say host "put $name back to $before"
    fi
  done <"$host_record/sysctls"
}

# Call it before our own Docker daemon starts. The first record of a boot stays, because the rules of a killed daemon of ours
# may be there at the second.
record_network() {
  local tool
  record_sysctl net.ipv4.ip_forward 1
  [ -e "$host_record/links" ] && return
  for tool in iptables ip6tables; do
    "$tool-save" >"$host_record/$tool" || true # a kernel may lack IPv6
  done
  ip -oneline link >"$host_record/links"
}

# Call it after our daemon has stopped. Another daemon has rules of the same names, so nothing is removed while one runs.
restore_network() {
  local reset_policy=no
  [ -e "$host_record/links" ] || return 0
  if pgrep -x dockerd >/dev/null; then
    echo "another Docker daemon runs: the rules and docker0 stay"
    return
  fi
  # Docker sets the policy of FORWARD to DROP only when it enables forwarding itself.
  ! grep -q '^net.ipv4.ip_forward 0 ' "$host_record/sysctls" || reset_policy=yes
  iptables-save | undo_docker_rules "$host_record/iptables" $reset_policy | iptables-restore --noflush
  ip6tables-save | undo_docker_rules "$host_record/ip6tables" no | ip6tables-restore --noflush || true
  grep -q ' docker0[:@]' "$host_record/links" || ip link delete docker0 2>/dev/null || true
}

# undo_docker_rules BEFORE yes|no: reads the rules of today and prints what makes `iptables-restore --noflush` remove Docker's
# chains and the rules that lead to them, except those of the file BEFORE. With yes the policy of FORWARD goes back to ACCEPT.
undo_docker_rules() {
  awk -v before="$1" -v reset_policy="$2" '
    function finish_table(  i) {
      if (table == "") return
      print "*" table
      if (table == "filter" && reset_policy == "yes" && policy_before != "DROP") print ":FORWARD ACCEPT [0:0]"
      for (i = 1; i <= rules; i++) if (!(rule_chain[i] in made) && is_dockers(rule[i])) print "-D" substr(rule[i], 3)
      for (i in made) print "-F " i
      for (i in made) print "-X " i
      print "COMMIT"
    }
    function is_dockers(line,  words, count, i) {
      if ((table " " line) in known) return 0
      count = split(line, words, " ")
      for (i = 1; i < count; i++) {
        if ((words[i] == "-j" || words[i] == "-g") && words[i + 1] in made) return 1
        if ((words[i] == "-i" || words[i] == "-o") && words[i + 1] ~ /^(docker0|br-[0-9a-f]+)$/) return 1
      }
      return 0
    }
    BEGIN {
      while ((getline line < before) > 0) {
        split(line, words, " ")
        if (line ~ /^\*/) table = substr(line, 2)
        else if (line ~ /^:/) known[table " " substr(words[1], 2)]
        else known[table " " line]
        if (table == "filter" && words[1] == ":FORWARD") policy_before = words[2]
      }
      table = ""
    }
    /^\*/ { finish_table(); table = substr($0, 2); rules = 0; split("", made) }
    /^:/ {
      chain = substr($1, 2)
      if (chain ~ /^DOCKER(-(USER|FORWARD|BRIDGE|CT|INTERNAL|ISOLATION-STAGE-[12]))?$/ && !((table " " chain) in known)) made[chain]
    }
    /^-A / { rule[++rules] = $0; rule_chain[rules] = $2 }
    END { finish_table() }'
}
