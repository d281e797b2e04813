# The base of a model image: the layers of an image with a shell, as it is published for each architecture. They are fetched before the model, which
# takes longer, and pushed after it.

# <reference>: the repository, which a tag does not belong to.
base_repository() {
  base_named=${1%@*}
  case ${base_named##*/} in *:*) base_named=${base_named%:*} ;; esac
  printf '%s' "$base_named"
}

# Sets $base_layers: how many layers of an image are those of its base.
fetch_base() {
  base_layers=0
  base_from=$(base_repository "$base")
  for platform in $platforms; do
    fetch_base_for "$platform"
    [ "$base_count" -le "$base_layers" ] || base_layers=$base_count
  done
  [ "$base_layers" -lt "$most_layers" ] || die 65 "base image $base has $base_layers layers, and an image at most $most_layers: use a smaller base"
}

push_base() {
  for base_blob in "$state"/base.*.blob.*; do
    [ ! -f "$base_blob" ] || push_blob "$base_blob"
    rm -f "$base_blob"
  done
}

# <architecture>: writes $state/base.<architecture>.layers ("media-type digest size"), .diff_ids and .blob.<number>
fetch_base_for() {
  base_file=$state/base.$1
  : > "$base_file.layers"
  : > "$base_file.diff_ids"
  base_count=0
  [ -n "$base" ] || return 0
  # shellcheck disable=SC2086
  oras_again manifest fetch $base_flags --platform "linux/$1" --output "$base_file.manifest" "$base_from@${base##*@}" || die 69 "the base image $base can't be had for linux/$1: $(oras_said)"
  json_values "$base_file.manifest" > "$base_file.values" || die 65 "the manifest of base image $base is no JSON"
  fetch_from_base "$(json_text "$base_file.values" /config/digest)" "$base_file.config"
  json_values "$base_file.config" > "$base_file.config.values" || die 65 "the configuration of base image $base is no JSON"
  while base_digest=$(json_text "$base_file.values" "/layers/$base_count/digest") && [ -n "$base_digest" ]; do
    base_type=$(json_text "$base_file.values" "/layers/$base_count/mediaType")
    case $base_type in
      application/vnd.docker.image.rootfs.diff.tar.gzip) base_type=$layer_type+gzip ;;
      "$layer_type" | "$layer_type+gzip" | "$layer_type+zstd") ;;
      *) die 65 "base image $base has a layer of type $base_type: use an image whose layers are tar archives" ;;
    esac
    base_diff=$(json_text "$base_file.config.values" "/rootfs/diff_ids/$base_count")
    [ -n "$base_diff" ] || die 65 "base image $base has a layer without a diff_id"
    fetch_from_base "$base_digest" "$base_file.blob.$base_count"
    refuse_models "$base_file.blob.$base_count"
    printf '%s %s %s\n' "$base_type" "$digest_of" "$size_of" >> "$base_file.layers"
    printf '%s\n' "$base_diff" >> "$base_file.diff_ids"
    base_count=$((base_count + 1))
  done
  [ "$base_count" -gt 0 ] || die 65 "base image $base has no layers: is it an image, and not an artifact?"
}

# <digest> <file>
fetch_from_base() {
  # shellcheck disable=SC2086
  oras_again blob fetch $base_flags --output "$2" "$base_from@$1" || die 69 "$1 of base image $base can't be had: $(oras_said)"
  measure "$2"
  [ "$digest_of" = "$1" ] || die 65 "$1 of base image $base came as $digest_of"
}

# <layer>: nothing but what was published may be in the folder of the model, and no link may stand where it will be.
refuse_models() {
  tar --list --absolute-names --quoting-style=escape --file="$1" > "$state/base.names" 2> "$state/tar.err" ||
    die 65 "$base_digest of base image $base can't be read by tar: $(tr '\n' ' ' < "$state/tar.err"): use a base whose layers are plain or gzip"
  base_models=$(first_of_models "$state/base.names")
  [ -z "$base_models" ] || die 65 "base image $base has a /models of its own, $base_models: use one without"
}

# <file of names in an archive>: the first that is /models or below it, however it is spelled.
first_of_models() {
  LC_ALL=C awk '{
    depth = 0; parts = split($0, part, "/")
    for (i = 1; i <= parts; i++) {
      if (part[i] == "..") { if (depth > 0) depth-- }
      else if (part[i] != "" && part[i] != ".") path[++depth] = part[i]
    }
    if (depth > 0 && path[1] == "models") { print; exit }
  }' "$1"
}
