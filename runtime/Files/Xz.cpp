//===- Xz.cpp - what an .xz file holds, piece by piece --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/ByteSource.h"
#include "xlstm/Support/Error.h"

#include <lzma.h>

using namespace xlstm;

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

namespace {

class XzBytes : public ByteSource {
public:
  XzBytes(const std::filesystem::path &path, const CorpusLimits &limits)
      : name(path.string()), limits(limits), file(openBytes(path)), buffer(size_t{1} << 20, '\0') {
    constexpr uint64_t memory = uint64_t{1} << 28;
    if (lzma_stream_decoder(&stream, memory, LZMA_CONCATENATED) != LZMA_OK)
      fail(name, ": cannot set up the xz decoder");
  }
  ~XzBytes() override { lzma_end(&stream); }

  std::string_view next() override {
    stream.next_out = reinterpret_cast<uint8_t *>(buffer.data());
    stream.avail_out = buffer.size();
    while (status != LZMA_STREAM_END && stream.avail_out > 0) {
      if (stream.avail_in == 0 && !isAtEnd) {
        std::string_view bytes = file->next();
        isAtEnd = bytes.empty();
        stream.next_in = reinterpret_cast<const uint8_t *>(bytes.data());
        stream.avail_in = bytes.size();
      }
      status = lzma_code(&stream, isAtEnd ? LZMA_FINISH : LZMA_RUN);
      if (status != LZMA_OK && status != LZMA_STREAM_END)
        fail(name, ": ", reasonOf(status));
    }
    if (stream.total_out > limits.document && stream.total_out / limits.expansion > stream.total_in)
      fail(name, ": expected a file that grows at most ", limits.expansion, " times when decompressed, found ",
           stream.total_out, " bytes behind the first ", stream.total_in);
    return {buffer.data(), buffer.size() - stream.avail_out};
  }

private:
  std::string name;
  CorpusLimits limits;
  std::unique_ptr<ByteSource> file;
  std::string buffer;
  lzma_stream stream = LZMA_STREAM_INIT;
  lzma_ret status = LZMA_OK;
  bool isAtEnd = false;
};

} // namespace

std::unique_ptr<ByteSource> xlstm::openXz(const std::filesystem::path &path, const CorpusLimits &limits) {
  return std::make_unique<XzBytes>(path, limits);
}
