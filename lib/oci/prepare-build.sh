# Gets oras, and logs in to the registries of Amazon ECR that a build uses: `sh prepare-build.sh <folder for oras>`.
set -eu
folder=$1

mkdir -p "$folder"
curl -fsSL --retry 5 --connect-timeout 20 -o "$folder/oras.tar.gz" "$ORAS_URL" || { echo "oras can't be had from $ORAS_URL: give the builder a mirror that builds reach (exit 69)" >&2; exit 69; }
found=$(sha256sum < "$folder/oras.tar.gz" | cut -c 1-64)
[ "$found" = "$ORAS_SHA256" ] || { echo "$ORAS_URL has the SHA-256 $found, pinned is $ORAS_SHA256: it is not the archive that was approved (exit 65)" >&2; exit 65; }
tar -xzf "$folder/oras.tar.gz" -C "$folder" oras

logged_in=' '
for image in "$IMAGE_REPOSITORY" "${IMAGE_BASE:-}"; do
  registry=${image%%/*}
  # As each partition has it, and with FIPS and dual stack: https://docs.aws.amazon.com/general/latest/gr/ecr.html
  case $registry in
    *.dkr[.-]ecr.*) region=${registry#*.dkr[.-]ecr.} ;;
    *.dkr[.-]ecr-fips.*) region=${registry#*.dkr[.-]ecr-fips.} ;;
    *) continue ;;
  esac
  case $logged_in in *" $registry "*) continue ;; esac
  logged_in="$logged_in$registry "
  password=$("${AWS:-aws}" ecr get-login-password --region "${region%%.*}")
  printf '%s' "$password" | "$folder/oras" login --username AWS --password-stdin "$registry"
done
