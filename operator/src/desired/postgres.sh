# The cluster is made in a directory beside its place and moved when it is whole: a kill in the middle leaves
# nothing half made. Inside the pod the local socket is trusted; from outside only a password counts.
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
# On each start, so that the role has the Secret's password also when the Secret was made anew. A failed
# statement is not written to the log: it would show the password.
printf "ALTER ROLE confab PASSWORD '%s'\n" "$(cat /secret/password)" |
  postgres --single -D $data -c log_min_error_statement=panic postgres >/dev/null
exec postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=200
