/* What differs between two images: two version answers of the public API to one answer.
 *
 * {"A","B": {"Reference","ImageName","SHA","Digest","ImageDigest","LatestVersion","Platform",
 *            "MediaType","Created","Author","License","DownloadSize","LayerCount"}, what is known
 *  "Match": "manifest" (the same image manifest), "config" (the same image in another manifest),
 *           "layers" (the same layers, another config) or "none"
 *  "Identical": Match is "manifest"
 *  "DownloadSize": {"A","B","Difference"}      Difference is B less A, in bytes
 *  "Layers": {"Shared","Added","Removed": {"Count","DownloadSize"},
 *             "Rows":[{"Change","Moved","IndexA","IndexB","BlobSum","DiffID","DownloadSize",
 *                      "Command","BlobSumA","DownloadSizeA"}],"RowsOmitted"}
 *  "Base": {"Change","A","B": {"Name","Tag","Digest","Layers","Certainty"}}, left out where neither
 *          is known
 *  "Platforms","Labels","Env","Config": {"Kept","Added","Removed","Changed": counts,
 *             "Rows":[{"Name","Change","A","B"}],"RowsOmitted"}
 *  "Dockerfile": {"Kept","Added","Removed": counts of lines,"Lines":[{"Change","Text"}],
 *                 "OmittedA","OmittedB"}}
 *
 * A Change is "kept", "added" (B alone has it), "removed" (A alone has it) or "changed".
 *
 * Layers are those with content, empty steps are in Dockerfile. Two are the same by their blob's
 * digest or, compressed anew, by their diff ID; then BlobSumA and DownloadSizeA tell A's where they
 * differ. Moved: true is on an added or removed row whose layer the other side has elsewhere; such
 * a layer counts as shared. The sizes of Shared and Added are B's, those of Removed A's; a layer
 * that repeats a blob has 0. Index... count from 0 in that side's Layers. Command is cut to
 * COMPARE_COMMAND_MAX_BYTES.
 *
 * Tables are sorted by Name. Rows of Platforms are all platforms, {"Digest","DownloadSize",
 * "LayerCount"} each, the digest alone where it has not been looked at, kept where the digests are
 * the same; rows of the others are what is not kept.
 * Env: texts by variable. Config: "Entrypoint", "Cmd", "User", "WorkingDir", "ExposedPorts",
 * "Volumes", "StopSignal", "Healthcheck" as in a version's Config.
 *
 * Dockerfile compares the commands of Layers as lines of a Dockerfile (dockerfile_line.h), so what
 * is in Text is safe to show in a line; a line continuation is no difference.
 *
 * Bounds: DIFF_MAX_ITEMS layers and lines of each side are compared, COMPARE_MAX_ROWS rows of a
 * table shown; what is left out is counted in RowsOmitted (layers: of both sides), OmittedA and
 * OmittedB, each only where it is not 0. */
#ifndef MB_COMPARE_H
#define MB_COMPARE_H

#include <jansson.h>

#define COMPARE_COMMAND_MAX_BYTES 400
#define COMPARE_MAX_ROWS 1000

struct compare_side {
    const char *reference;    /* as people write it: "nginx:1.26" */
    const char *image_digest; /* of the platform's image manifest; "" if not known */
    const json_t *version;    /* a version answer; what it lacks is taken as not there */
};

/* Caller owns. Never NULL. */
json_t *compare_versions(const struct compare_side *a, const struct compare_side *b);

#endif
