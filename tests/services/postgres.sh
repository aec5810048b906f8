# Sourced: the local PostgreSQL.

postgres_pid() { # of the server on our data folder; prints nothing if it does not run
  local pid
  pid=$(head -n 1 "$postgres_data/postmaster.pid" 2>/dev/null) || return 0
  if [[ $(command_of "$pid") == "$postgres_home/bin/postgres "* ]]; then echo "$pid"; fi
}

postgres_is_up() { # yes|no: must commits survive a crash of the machine? (A server with fsync also does without one.)
  [ -n "$(postgres_pid)" ] || return 1
  [ "$1" = no ] || ! grep -q 'fsync=off' "$postgres_data/postmaster.opts"
}

create_postgres_data() {
  rm -rf "$postgres_data.new"
  mkdir -m 700 "$postgres_data.new"
  give_to_service_user "$postgres_data.new"
  # The superuser has no password, so it cannot log in over TCP, and there is no socket.
  "${as_service_user[@]}" "$postgres_home/bin/initdb" -D "$postgres_data.new" -U postgres --auth-local=reject --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8
  # Single-user mode takes one statement per line. CREATEDB: each test creates its own database.
  printf '%s\n' "CREATE ROLE confab LOGIN CREATEDB PASSWORD 'confab'" 'CREATE DATABASE confab OWNER confab' |
    "${as_service_user[@]}" "$postgres_home/bin/postgres" --single -D "$postgres_data.new" postgres
  mv -T "$postgres_data.new" "$postgres_data"
}

start_postgres() { # yes|no: fsync
  local options="-p $postgres_port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
  [ "$1" = yes ] || options+=' -c fsync=off'
  : >>"$services_dir/postgres.log"
  give_to_service_user "$services_dir/postgres.log"
  "${as_service_user[@]}" "$postgres_home/bin/pg_ctl" start --wait --timeout=60 -D "$postgres_data" -l "$services_dir/postgres.log" -o "$options"
}

stop_postgres() { # SIGINT disconnects the clients; on SIGTERM it would wait for them
  stop_pid "$(postgres_pid)" INT
}
