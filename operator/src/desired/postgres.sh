# The database cluster is created in a directory of its own and renamed when it is complete, so that a kill leaves nothing
# half done. The local socket inside the pod is trusted; every other connection needs the password.
umask 077
data=/data/pg
if [ ! -s $data/PG_VERSION ]; then
  rm -rf $data.new
  initdb -D $data.new -U postgres --auth-local=trust --auth-host=scram-sha-256 \
    -E UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8
  echo 'host all all all scram-sha-256' >>$data.new/pg_hba.conf
  printf '%s\n' 'CREATE ROLE confab LOGIN' 'CREATE DATABASE confab OWNER confab' |
    postgres --single -D $data.new postgres >/dev/null
  mv $data.new $data
fi
# At each start, so that the role gets the Secret's password also when the Secret was created again. A failed statement
# is not logged, because it would show the password.
printf "ALTER ROLE confab PASSWORD '%s'\n" "$(cat /secret/password)" |
  postgres --single -D $data -c log_min_error_statement=panic postgres >/dev/null
exec postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=200
