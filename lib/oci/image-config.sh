# What describes a model image: configuration, manifest and index, as the OCI image specification has them
# (https://github.com/opencontainers/image-spec). Keys and order are fixed, and no time is in them.

# <values of model.json> <name> <version> <digest>: the labels, as members of a JSON object.
image_labels() {
  printf '"io.github.cdk-eks-model-artifacts.model.digest":"%s"' "$4"
  for pair in licenses:license licenses:licence licenses:licenses revision:revision revision:commit source:source; do
    # A string of JSON is one here too, with its quotes.
    label_value=$(json_value "$1" "/${pair#*:}")
    case $label_value in '"'?*'"') ;; *) continue ;; esac
    case $labelled in *" ${pair%%:*} "*) continue ;; esac
    labelled="$labelled ${pair%%:*} "
    printf ',"org.opencontainers.image.%s":%s' "${pair%%:*}" "$label_value"
  done
  printf ',"org.opencontainers.image.title":"%s","org.opencontainers.image.version":"%s"' "$2" "$3"
}

# <architecture> <file of diff_ids> <labels> <whether programs are in it>: no entry point and no user, as whoever runs it says both.
image_config() {
  image_env=''
  [ -z "$4" ] || image_env='"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],'
  printf '{"created":"1970-01-01T00:00:00Z","architecture":"%s","os":"linux","config":{%s"Labels":{%s}},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
    "$1" "$image_env" "$3" "$(sed 's/.*/"&"/' "$2" | paste -s -d , -)"
}

# <digest of the configuration> <its size> <file of "media-type digest size" lines>
image_manifest() {
  printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[%s]}' \
    "$manifest_type" "$1" "$2" "$(sed 's/^\([^ ]*\) \([^ ]*\) \([0-9]*\)$/{"mediaType":"\1","digest":"\2","size":\3}/' "$3" | paste -s -d , -)"
}

# <file of "digest size architecture" lines>
image_index() {
  printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' "$index_type" \
    "$(sed 's/^\([^ ]*\) \([0-9]*\) \([^ ]*\)$/{"mediaType":"application\/vnd.oci.image.manifest.v1+json","digest":"\1","size":\2,"platform":{"architecture":"\3","os":"linux"}}/' "$1" | paste -s -d , -)"
}

manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json
layer_type=application/vnd.oci.image.layer.v1.tar
