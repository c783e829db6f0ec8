//===- Xz.cpp - whole files, decompressed when they are .xz ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <lzma.h>

using namespace xlstm;

namespace {
/// Frees the decoder on every way out.
struct Decoder {
  lzma_stream stream = LZMA_STREAM_INIT;
  ~Decoder() { lzma_end(&stream); }
};
} // namespace

static const char *reasonOf(lzma_ret status) {
  switch (status) {
  case LZMA_FORMAT_ERROR:
    return "is not an xz file";
  case LZMA_BUF_ERROR:
    return "is cut: the xz stream does not end";
  case LZMA_MEM_ERROR:
  case LZMA_MEMLIMIT_ERROR:
    return "needs too much memory to decompress";
  case LZMA_OPTIONS_ERROR:
    return "uses xz options that are not known";
  default:
    return "is a corrupt xz file";
  }
}

static std::string decompress(const MappedFile &file, size_t limit) {
  constexpr uint64_t memory = uint64_t{1} << 28;
  constexpr size_t step = size_t{1} << 20;
  std::string name = file.path().string(), out;
  Decoder decoder;
  lzma_stream &stream = decoder.stream;
  if (lzma_stream_decoder(&stream, memory, LZMA_CONCATENATED) != LZMA_OK)
    fail(name, ": cannot set up the xz decoder");
  stream.next_in = reinterpret_cast<const uint8_t *>(file.text().data());
  stream.avail_in = file.text().size();
  for (lzma_ret status = LZMA_OK; status != LZMA_STREAM_END;) {
    size_t before = out.size();
    out.resize(std::max(before + step, before * 2));
    stream.next_out = reinterpret_cast<uint8_t *>(out.data()) + before;
    stream.avail_out = out.size() - before;
    status = lzma_code(&stream, LZMA_FINISH);
    out.resize(out.size() - stream.avail_out);
    if (status != LZMA_OK && status != LZMA_STREAM_END)
      fail(name, ": ", reasonOf(status));
    if (out.size() > limit)
      fail(name, ": expected at most ", limit, " bytes when decompressed, found more");
  }
  return out;
}

std::string xlstm::readMaybeCompressed(const std::filesystem::path &path, size_t limit) {
  if (path.extension() != ".xz")
    return readGivenFile(path, limit);
  return decompress(*MappedFile::open(path), limit);
}
