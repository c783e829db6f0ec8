//===- Xz.cpp - .xz -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/ByteSource.h"
#include "xlstm/Support/Error.h"

#include <lzma.h>

using namespace xlstm;

static const char *reasonOf(lzma_ret status) {
  switch (status) {
  case LZMA_OK:
  case LZMA_STREAM_END:
    return nullptr;
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

class Xz : public Codec {
public:
  Xz() {
    constexpr uint64_t memory = uint64_t{1} << 28;
    if (lzma_stream_decoder(&stream, memory, LZMA_CONCATENATED) != LZMA_OK)
      fail("cannot set up the xz decoder");
  }
  ~Xz() override { lzma_end(&stream); }

  const char *step(CodecWindow &window) override {
    stream.next_in = window.in, stream.avail_in = window.inLeft;
    stream.next_out = window.out, stream.avail_out = window.outLeft;
    lzma_ret status = lzma_code(&stream, window.isLast ? LZMA_FINISH : LZMA_RUN);
    window.in = stream.next_in, window.inLeft = stream.avail_in;
    window.out = stream.next_out, window.outLeft = stream.avail_out;
    ended = status == LZMA_STREAM_END;
    return reasonOf(status);
  }

private:
  lzma_stream stream = LZMA_STREAM_INIT;
};

} // namespace

std::unique_ptr<Codec> xlstm::xzCodec() { return std::make_unique<Xz>(); }
