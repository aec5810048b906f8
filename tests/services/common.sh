# Sourced by the scripts of this folder: the ports and folders of the local services, and the user that runs them.
# shellcheck disable=SC2034 # the scripts that source this file use them

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$tests_dir/packages.sh"

service_user=nobody service_group=nogroup # only if root starts the services: PostgreSQL refuses to run as root
postgres_port=${CONFAB_POSTGRES_PORT:-54329}
kafka_port=${CONFAB_KAFKA_PORT:-19092}
kafka_controller_port=$((kafka_port + 1))
bucket_port=${CONFAB_BUCKET_PORT:-19200}
apiserver_port=${CONFAB_APISERVER_PORT:-19300}
etcd_port=$((apiserver_port + 1))
services_env=$CONFAB_CACHE/services/env

# Programs and data. The service user cannot read a cache below root's home, so root keeps them elsewhere.
if [ "$(id -u)" = 0 ]; then
  services_dir=/var/tmp/confab-services
else
  services_dir=$CONFAB_CACHE/services
fi
postgres_data=$services_dir/postgres
kafka_data=$services_dir/kafka

make_services_dir() {
  [ "$(id -u)" = 0 ] || { make_folder "$services_dir"; return; }
  # Every user can create a folder in /var/tmp: use only one that belongs to root.
  mkdir -m 755 "$services_dir" 2>/dev/null || [ "$(stat -c %u "$services_dir")" = 0 ] || die "$services_dir belongs to another user"
  : >>"$services_dir/$marker"
}

# Prefix of a command that runs as the service user.
as_service_user=()
[ "$(id -u)" != 0 ] || as_service_user=(setpriv --reuid "$service_user" --regid "$service_group" --clear-groups env HOME="$services_dir")

give_to_service_user() {
  [ "$(id -u)" != 0 ] || chown -R "$service_user:$service_group" "$@"
}

# readable_package DIR: prints the path at which the service user can read the package.
readable_package() {
  if [ "$(id -u)" = 0 ]; then
    echo "$services_dir/$(basename "$1")"
  else
    echo "$1"
  fi
}

install_package() { # DIR: copies it for the service user; renamed when it is complete
  local to
  to=$(readable_package "$1")
  [ ! -d "$to" ] || return 0
  rm -rf "$to.new"
  cp -r "$1" "$to.new"
  chmod -R go+rX "$to.new"
  mv -T "$to.new" "$to"
}
postgres_home=$(readable_package "$postgres_package")
kafka_home=$(readable_package "$kafka_package")
