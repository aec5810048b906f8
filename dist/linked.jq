# The packages whose code is in the programs of $package: its normal dependencies, without procedural macros, and the sources of the C
# libraries, which build scripts compile. From `cargo metadata --filter-platform TARGET`.
def reached($edges; $known): ($known + [$known[] | $edges[.][]?] | unique) as $more
  | if $more == $known then $known else reached($edges; $more) end;

# The folder of the checkout says nothing.
def reference: sub("^path\\+file://.*/"; "confab/");

INDEX(.packages[]; .id) as $packages
| (.resolve.nodes | map({key: .id, value: [.deps[]
    | select(any(.dep_kinds[]; .kind == null) or $packages[.pkg].name == "openssl-src") | .pkg
    | select(any($packages[.].targets[].kind[]; . == "proc-macro") | not)]}) | from_entries) as $edges
| [.packages[] | select(.name == $package and .source == null).id] as $root
| reached($edges; $root) | map($packages[.] + {id: reference, dependsOn: $edges[.] | map(reference)})
