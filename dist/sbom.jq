# A CycloneDX bill of materials, from the output of linked.jq.
($checksums | split("\n") | map(split(" ") | select(length == 3) | {key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries) as $hashes
| def crate: {type: "library", "bom-ref": .id, name, version, purl: "pkg:cargo/\(.name)@\(.version | @uri)", scope: "required"}
    + (if .description then {description: .description | gsub("\\s+"; " ")} else {} end)
    + (if .license then {licenses: [{expression: .license | gsub("/"; " OR ")}]} else {} end)
    + (if .repository then {externalReferences: [{type: "vcs", url: .repository}]} else {} end)
    + ($hashes["\(.name) \(.version)"] as $hash | if $hash then {hashes: [{alg: "SHA-256", content: $hash}]} else {} end);
  def native($name; $version; $license): {type: "library", "bom-ref": "native:\($name)", name: $name, version: $version, scope: "required",
    purl: "pkg:generic/\($name)@\($version)", licenses: [{expression: $license}]};
  # A crate that brings C sources has their version after the "+".
  def brings($crate): .[] | select(.name == $crate).version | sub("^[^+]*\\+"; "");
  def natives: [native("openssl"; brings("openssl-src"); "Apache-2.0"), native("librdkafka"; brings("rdkafka-sys"); "BSD-2-Clause"),
    native("glibc"; $c_library | sub(".* "; ""); "LGPL-2.1-or-later") + {description: $c_library}];
  (.[] | select(.source == null and (.targets | any(.name == $program)))) as $root
| {bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
   metadata: {timestamp: $created, component: ($root | crate + {type: "application", name: $program, purl: "pkg:github/confab-dev/confab@v\(.version)"})},
   components: ([.[] | select(.id != $root.id) | crate] + natives | sort_by(."bom-ref")),
   dependencies: ([.[] | {ref: .id, dependsOn: (.dependsOn
     + (if .name == "rdkafka-sys" then ["native:librdkafka"] elif .name == "openssl-src" then ["native:openssl"] else [] end)
     + (if .id == $root.id then ["native:glibc"] else [] end) | sort)}] | sort_by(.ref))}
