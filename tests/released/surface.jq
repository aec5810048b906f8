# What people and programs rely on in a CRD, one line each: fields with their types, values of enums, and which fields may be left out.
def surface($path):
  (.type // "any") as $type
  | (if $path != "" then "\($path) \($type)" else empty end),
    (.enum[]? | "\($path) = \(.)"),
    ((.required // []) as $required | .properties // {} | to_entries[] | .key as $key
      | "\($path).\($key)" as $field
      | (if any($required[]; . == $key) then empty else "\($field) optional" end), (.value | surface($field))),
    (.items // empty | surface("\($path)[]")),
    (.additionalProperties | objects | surface("\($path){}"));

.spec as $spec
| "kind \($spec.names.kind)", ($spec.names.shortNames[] | "short name \(.)"),
  ($spec.versions[] | "version \(.name)" as $version
    | if .served then $version else empty end,
      (.additionalPrinterColumns[]? | "\($version) column \(.name)"),
      (.name as $name | .schema.openAPIV3Schema | {properties: {spec: .properties.spec, status: .properties.status}} | surface("") | "\($name)\(.)"))
