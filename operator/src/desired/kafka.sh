# The password that the broker knows is in /data/password. It is written last, when the storage is complete: after a kill
# in the middle of formatting, the next start formats again.
# shellcheck disable=SC2086 # $options is several words
umask 077
config=/config/server.properties
options='-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/config/log4j2.properties'
username=$(cat /secret/username)
password=$(cat /secret/password)
tool() { java -Xmx64m $options -cp '/opt/kafka/libs/*' "$@"; }
remember() { cat /secret/password >/data/password.new; mv /data/password.new /data/password; }
if [ ! -s /data/password ]; then
  rm -rf /data/kafka
  tool kafka.tools.StorageTool format -c "$config" -t "$(cat /secret/cluster-id)" \
    --add-scram "SCRAM-SHA-512=[name=$username,password=$password]"
  remember
elif [ "$(cat /data/password)" != "$password" ]; then
  # The Secret was created again with another password: set it in the broker once the broker runs.
  (
    until tool kafka.admin.ConfigCommand --bootstrap-server localhost:9094 --alter --entity-type users \
      --entity-name "$username" --add-config "SCRAM-SHA-512=[password=$password]" >/dev/null; do sleep 1; done
    remember
  ) &
fi
exec java -Xms128m -Xmx256m $options -cp '/opt/kafka/libs/*' kafka.Kafka "$config"
