# Sourced: the local S3 server, which checks every signature.

bucket_home=$(readable_package "$bucket_package")
bucket_data=$services_dir/bucket

fetch_bucket() {
  command -v go >/dev/null || die "missing: Go, to build the S3 server"
  GOBIN=$1 CGO_ENABLED=0 GOFLAGS='-buildvcs=false -modcacherw' \
    go install -trimpath -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW_VERSION"
}

bucket_pid() { # prints nothing if it does not run
  local pid
  pid=$(cat "$services_dir/bucket.pid" 2>/dev/null) || return 0
  if [[ $(command_of "$pid") == "$bucket_home/versitygw "* ]]; then echo "$pid"; fi
}

bucket_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$bucket_port"); } 2>/dev/null

bucket_answers_or_is_dead() { bucket_answers || ! pid_is_alive "$(cat "$services_dir/bucket.pid")"; }

start_bucket() {
  mkdir -p "$bucket_data/confab" # each bucket is a folder
  give_to_service_user "$bucket_data"
  ROOT_ACCESS_KEY=confab ROOT_SECRET_KEY=confab-secret \
    setsid "${as_service_user[@]}" "$bucket_home/versitygw" --quiet --port "127.0.0.1:$bucket_port" posix "$bucket_data" \
    >>"$services_dir/bucket.log" 2>&1 &
  echo $! >"$services_dir/bucket.pid"
  wait_until 20 bucket_answers_or_is_dead
  [ -n "$(bucket_pid)" ] || { tail -n 20 "$services_dir/bucket.log"; return 1; }
}

stop_bucket() { stop_pid "$(bucket_pid)" TERM; }
