# Makes an image of a published model, and pushes it: what the model's manifest says, verified, in layers that are the same in every build.
# Nothing is pushed under the image's tag before everything else is there.
#
# Exit codes: those of the transfer program, and 64 settings, 65 what the model, its base or another image is, 69 registry, 73 no space.
# It needs GNU tar and find, gzip, awk, sha256sum, and oras.
set -u
export LC_ALL=C

# --- Settings ---------------------------------------------------------------------------------------------------
oras=${ORAS:-oras}
transfer=${MODEL_TRANSFER:-}                  # file with the transfer program
work=${IMAGE_WORK:-}                          # folder with room for the model and its largest layer
bucket=${MODEL_BUCKET:-} region=${MODEL_BUCKET_REGION:-}
prefix=${MODEL_PREFIX:-} name=${MODEL_NAME:-} version=${MODEL_VERSION:-}
digest=${MODEL_DIGEST:-} bytes=${MODEL_BYTES:-} # of its manifest; of its files together
repository=${IMAGE_REPOSITORY:-}
base=${IMAGE_BASE:-}                          # an image by digest; none where it is empty
platforms=${IMAGE_PLATFORMS:-amd64 arm64}     # architectures
suffix=${IMAGE_TAG_SUFFIX:-}
most_layers=${IMAGE_LAYERS:-60}
layer_limit=${IMAGE_LAYER_LIMIT:-54525952000} # bytes: 52,000 MiB
target_flags=${IMAGE_REGISTRY_FLAGS:-} base_flags=${IMAGE_BASE_FLAGS:-} # of oras, such as --plain-http
result=${IMAGE_RESULT:-}                      # file for the reference
# ----------------------------------------------------------------------------------------------------------------

# <text>
say() {
  printf '%s\n' "$1"
}

# <exit code> <text>
die() {
  printf 'model image of %s@%s: %s (exit %s)\n' "$name" "$version" "$2" "$1" >&2
  exit "$1"
}

check_settings() {
  for setting in "MODEL_TRANSFER $transfer" "IMAGE_WORK $work" "MODEL_BUCKET $bucket" "MODEL_BUCKET_REGION $region" "MODEL_PREFIX $prefix" "MODEL_NAME $name" \
    "MODEL_VERSION $version" "MODEL_DIGEST $digest" "MODEL_BYTES $bytes" "IMAGE_REPOSITORY $repository" "IMAGE_RESULT $result"; do
    case $setting in *' ') die 64 "settings: ${setting% } is missing: start the build by the command build-image" ;; esac
  done
  # They are written into JSON as they are.
  case $name$version in *[!-._A-Za-z0-9]*) die 64 "settings: a name or version holds more than letters, digits, '-', '_' and '.'" ;; esac
  expr "$digest" : 'sha256:[0-9a-f]\{64\}$' > /dev/null || die 64 "settings: MODEL_DIGEST must be sha256:<64 lower-case hexadecimal digits>, not $digest"
  case $suffix in *[!-._A-Za-z0-9]*) die 64 "settings: IMAGE_TAG_SUFFIX is $suffix: use letters, digits, '-', '_' and '.'" ;; esac
  [ -z "$base" ] || expr "$base" : '.*@sha256:[0-9a-f]\{64\}$' > /dev/null || die 64 "settings: IMAGE_BASE is $base: pin it by its digest, repository@sha256:..."
  for platform in $platforms; do
    case $platform in amd64 | arm64) ;; *) die 64 "settings: IMAGE_PLATFORMS has $platform: use amd64 and arm64" ;; esac
  done
  case $(tar --version 2> /dev/null) in *'GNU tar'*) ;; *) die 64 'settings: tar is not GNU tar, which alone is told what the archives must hold' ;; esac
}

fetch_model() {
  mkdir -p "$work/model" "$state/transfer" || die 64 "settings: cannot write to $work"
  TMPDIR=$state/transfer sh "$transfer" "--model=$name" "--source=s3://$bucket/$prefix" "--region=$region" "--digest=$digest" \
    "--max-bytes=$bytes" "--destination=$work/model" || exit "$?" # it said why
  foreign=$(foreign_entries "$work/model/models")
  [ -z "$foreign" ] || die 65 "the model holds what is neither file nor folder: $foreign"
  find "$work/model/models" -type f -exec chmod 0444 {} +
}

# Sets $layers: how many there are beside those of the base.
plan_layers() {
  list_files "$work/model/models" > "$state/files"
  layer_plan "$state/files" "$((most_layers - base_layers))" "$layer_limit" > "$state/plan" 2> "$state/plan.err" || die 65 "$(cat "$state/plan.err")"
  layers=$(tail -n 1 "$state/plan" | cut -f 1)
}

# One archive at a time is on the disk.
push_layers() {
  : > "$state/layers"
  : > "$state/diff_ids"
  layer=0
  while [ "$layer" -lt "$layers" ]; do
    layer=$((layer + 1))
    if ! write_layer "$work/model" "$state/plan" "$layer" "$work/layer.tar" 2> "$state/tar.err"; then
      die 73 "layer $layer can't be written: $(tr '\n' ' ' < "$state/tar.err"): the disk must hold the model and its largest layer; use a larger compute type"
    fi
    push_blob "$work/layer.tar"
    [ "$size_of" -le "$layer_limit" ] || die 70 "layer $layer has $size_of bytes, more than was planned"
    printf '%s %s %s\n' "$layer_type" "$digest_of" "$size_of" >> "$state/layers"
    printf '%s\n' "$digest_of" >> "$state/diff_ids" # not compressed, so what is stored is what is unpacked
    say "layer $layer of $layers: $digest_of, $size_of bytes, $(grep -c "^$layer	" "$state/plan") files"
    rm -f "$work/layer.tar" "$work/layer.tar.names"
  done
}

# Of all that an image is made of: the files of a model, and what else is in its configuration and index. Equal files may be two versions.
image_tag() {
  made_of=$(printf '%s\n' "${base##*@}" "$name" "$version" "$platforms" | sha256sum | cut -c 1-12)
  printf '%s' "model-${digest#sha256:}-$made_of${suffix:+-$suffix}"
}

push_image() {
  json_values "$work/model/models/model.json" > "$state/model.values" || die 65 'model.json is no JSON'
  labelled=' '
  labels=$(image_labels "$state/model.values" "$name" "$version" "$digest")
  tag=$(image_tag)
  : > "$state/manifests"
  for platform in $platforms; do
    cat "$state/base.$platform.diff_ids" "$state/diff_ids" > "$state/all.diff_ids"
    cat "$state/base.$platform.layers" "$state/layers" > "$state/all.layers"
    image_config "$platform" "$state/all.diff_ids" "$labels" "$base" > "$state/config.json"
    push_blob "$state/config.json"
    image_manifest "$digest_of" "$size_of" "$state/all.layers" > "$state/manifest.json"
    # With a tag each, as what has none is expired.
    push_tagged "$state/manifest.json" "$manifest_type" "$tag-$platform"
    printf '%s %s %s\n' "$pushed_digest" "$size_of" "$platform" >> "$state/manifests"
  done
  image_index "$state/manifests" > "$state/index.json"
  push_tagged "$state/index.json" "$index_type" "$tag"
  printf '%s@%s\n' "$repository" "$pushed_digest" > "$result"
  say "model image $repository:$tag is $pushed_digest"
}

build_image() {
  check_settings
  rm -f "$result"
  state=$(mktemp -d "${TMPDIR:-/tmp}/model-image.XXXXXX") || die 64 "settings: cannot write to ${TMPDIR:-/tmp}"
  trap 'rm -rf "$state"; rm -f "$work/layer.tar" "$work/layer.tar.names"' EXIT
  trap 'exit 143' TERM INT HUP
  fetch_base # first, as a registry that refuses it should do so before hours of download
  fetch_model
  plan_layers
  push_base
  push_layers
  push_image
}

build_image
