# The document that docker/sbom writes, from $packages and $files; the first file is the program.

def package_id: "SPDXRef-Package-" + gsub("[^A-Za-z0-9.-]"; "-");

def file_id: "SPDXRef-File" + gsub("[^A-Za-z0-9.-]"; "-");

# https://github.com/package-url/purl-spec, type deb
def purl:
    "pkg:deb/debian/\(.name | @uri)@\(.version | @uri)?arch=\(.architecture)&distro=\($distro)";

def related($element; $relation; $to):
    {spdxElementId: $element, relationshipType: $relation, relatedSpdxElement: $to};

def program_package: {
    SPDXID: "SPDXRef-Program",
    name: $program,
    versionInfo: $version,
    primaryPackagePurpose: "APPLICATION",
    downloadLocation: "NOASSERTION",
    filesAnalyzed: true,
    packageVerificationCode: {packageVerificationCodeValue: $verification},
    hasFiles: [$files[0].path | file_id],
    licenseConcluded: "Apache-2.0",
    licenseDeclared: "Apache-2.0",
    licenseInfoFromFiles: ["NOASSERTION"],
    copyrightText: "NOASSERTION"
};

def debian_package: {
    SPDXID: (.name | package_id),
    name,
    versionInfo: .version,
    supplier: "Organization: Debian",
    sourceInfo: "built from the source package \(.source) \(.source_version)",
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
    externalRefs: [{
        referenceCategory: "PACKAGE-MANAGER",
        referenceType: "purl",
        referenceLocator: purl
    }]
};

def file: {
    SPDXID: (.path | file_id),
    fileName: ".\(.path)",
    checksums: [
        {algorithm: "SHA1", checksumValue: .sha1},
        {algorithm: "SHA256", checksumValue: .sha256}
    ],
    licenseConcluded: "NOASSERTION",
    licenseInfoInFiles: ["NOASSERTION"],
    copyrightText: "NOASSERTION"
};

{
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: "\($program)-\($version)",
    documentNamespace: "urn:uuid:\($uuid)",
    creationInfo: {created: $created, creators: ["Tool: microbadger-sbom-\($version)"]},
    packages: ([program_package] + ($packages | map(debian_package))),
    files: ($files | map(file)),
    relationships: (
        [related("SPDXRef-DOCUMENT"; "DESCRIBES"; "SPDXRef-Program")]
        + ($packages | map(related("SPDXRef-Program"; .relation; .name | package_id)))
        + ($files[1:] | map(related(.path | file_id; "EXPANDED_FROM_ARCHIVE"; .package | package_id)))
    )
}
