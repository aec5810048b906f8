# Sourced: the local Kafka, one process as broker and controller.

kafka_pid() { # prints nothing if it does not run
  local pid
  pid=$(cat "$services_dir/kafka.pid" 2>/dev/null) || return 0
  if [[ $(command_of "$pid") == *" kafka.Kafka $services_dir/"* ]]; then echo "$pid"; fi
}

kafka_java=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m
  -Dlog4j2.configurationFile="$services_dir/log4j2.properties" -cp "$kafka_home/libs/*")

write_kafka_config() {
  cp "$tests_dir/services/log4j2.properties" "$services_dir/"
  sed -e "s|@PORT@|$kafka_port|; s|@CONTROLLER_PORT@|$kafka_controller_port|; s|@DATA@|$kafka_data|" \
    "$tests_dir/services/kafka.properties" >"$services_dir/kafka.properties"
}

format_kafka_data() {
  rm -rf "$kafka_data"
  mkdir "$kafka_data"
  give_to_service_user "$kafka_data"
  "${as_service_user[@]}" "${kafka_java[@]}" kafka.tools.StorageTool format --cluster-id confab-local-services0 --config "$services_dir/kafka.properties"
}

# A Metadata request (key 3, version 4, no topics): the response counts the brokers that are ready for clients. An open port is
# not enough, because Kafka listens seconds before it serves.
kafka_answers() {
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$kafka_port" || return 1
  printf '\0\0\0\x0f\0\x03\0\x04\0\0\0\x01\xff\xff\0\0\0\0\0' >&3
  answer=$(timeout 2 head -c 16 <&3 | od -An -v -tx1 | tr -d ' \n')
  exec 3>&-
  # size, correlation id, throttle time, then the number of brokers
  [[ $answer == ????????000000010000000000000001* ]]
} 2>/dev/null

start_kafka() {
  # setsid: a Ctrl-C in the terminal must not stop it
  setsid "${as_service_user[@]}" "${kafka_java[@]}" kafka.Kafka "$services_dir/kafka.properties" >>"$services_dir/kafka.log" 2>&1 &
  echo $! >"$services_dir/kafka.pid"
  wait_until 60 kafka_answers_or_is_dead
  [ -n "$(kafka_pid)" ] || { tail -n 20 "$services_dir/kafka.log"; return 1; }
}

kafka_answers_or_is_dead() { kafka_answers || ! pid_is_alive "$(cat "$services_dir/kafka.pid")"; }

stop_kafka() { stop_pid "$(kafka_pid)" TERM; }

# The topics of a chat-app with the default prefix.
make_topics() {
  local topic
  for topic in events signals; do
    "${kafka_java[@]}" org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$kafka_port" \
      --create --if-not-exists --topic "confab.$topic" --partitions 6
  done
}
