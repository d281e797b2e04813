# Which files of a model share a layer of its image: those that are large have one each, so that nodes pull them side by side and versions share
# those that did not change; small ones are bundled. Nothing but names and sizes is looked at.

large_file=${IMAGE_LARGE_FILE:-67108864} # bytes: from here on, a file has a layer of its own
bundle_size=1073741824                   # bytes of small files in one layer

# <file of "size<tab>path" lines> <most layers> <most bytes of a layer>: "layer<tab>path" lines, largest layer first, numbered from 1.
# Where they do not fit, it fails with the reason on stderr. A path has no tab: the manifest of a model allows none.
layer_plan() {
  layer_plan_text=$(LC_ALL=C awk -F '\t' -v large="$large_file" '
    # What tar writes for a path: a header, and of a long one two blocks more.
    function blocks(bytes) { return int((bytes + 511) / 512) * 512 }
    function header(path) { return 512 + (length(path) < 100 ? 0 : 512 + blocks(length(path) + 1)) }
    {
      path = "models/" substr($0, length($1) + 2); cost = header(path) + blocks($1)
      for (folder = path; sub(/\/[^\/]*$/, "", folder);) cost += header(folder "/")
      printf "%.0f\t%.0f\t%.0f\t%s\n", ($1 < large ? 0 : cost), cost, $1, substr(path, 8)
    }' "$1" | LC_ALL=C sort -t "$(printf '\t')" -k 1,1nr -k 4 | LC_ALL=C awk -F '\t' -v most="$2" -v limit="$3" -v told="$3" -v bundle="$bundle_size" '
    function refuse(why) { if (!refused) print why > "/dev/stderr"; refused = 1; exit 1 }
    BEGIN { limit -= 1024; if (bundle > limit) bundle = limit } # an archive ends in two blocks
    {
      name = substr($0, length($1) + length($2) + length($3) + 4)
      if ($2 + 0 > limit) refuse(name " has " $3 " bytes, and a layer at most " told " with what tar adds: split the file into shards, and publish them as a new version")
      if ($1 + 0 > 0) item = ++items
      else if (!open || size[open] + $2 > bundle) item = open = ++items
      else item = open
      size[item] += $2; names[NR] = name; item_of[NR] = item
    }
    END {
      if (refused) exit 1
      # More than there may be layers: each into the one that holds least, the large ones first.
      for (item = 1; item <= items; item++) {
        layer = item
        if (items > most) { layer = 1; for (other = 2; other <= most; other++) if (held[other] + 0 < held[layer] + 0) layer = other }
        held[layer] += size[item]; layer_of[item] = layer
        if (held[layer] > limit) refuse("the model does not fit into " most " layers of at most " told " bytes: split its largest files into shards, or make two models of it")
        if (layer > layers) layers = layer
      }
      for (rank = 1; rank <= layers; rank++) {
        best = 0
        for (layer = 1; layer <= layers; layer++) if (!(layer in rank_of) && (!best || held[layer] > held[best])) best = layer
        rank_of[best] = rank
      }
      for (file = 1; file <= NR; file++) print rank_of[layer_of[item_of[file]]] "\t" names[file]
    }') || return 1
  printf '%s\n' "$layer_plan_text" | LC_ALL=C sort -t "$(printf '\t')" -k 1,1n -k 2
}
