//===- Documents.h - text corpora: documents of a file --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_DOCUMENTS_H
#define XLSTM_RUNTIME_FILES_DOCUMENTS_H

#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

/// The documents of a corpus file, UTF-8. `.txt`: separated by a line that holds only `<|eos|>`; `.jsonl`: one object a
/// line with the document under "text". Either may be compressed by xz (`.txt.xz`, `.jsonl.xz`). Empty documents are
/// left out; line ends and byte order mark as plainText() has them. Throws Error: unreadable, unknown ending, corrupt
/// or truncated xz, invalid UTF-8 (with the byte's offset).
std::vector<std::string> readDocuments(const std::filesystem::path &path);

/// The whole of a file, decompressed when its name ends in .xz; at most `limit` bytes.
std::string readMaybeCompressed(const std::filesystem::path &path, size_t limit = size_t{1} << 33);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_DOCUMENTS_H
