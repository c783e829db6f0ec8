//===- Zstd.cpp - .zst, also of several frames ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/ByteSource.h"
#include "xlstm/Support/Error.h"

#include <zstd.h>
#include <zstd_errors.h>

using namespace xlstm;

static const char *reasonOf(size_t status) {
  switch (ZSTD_getErrorCode(status)) {
  case ZSTD_error_prefix_unknown:
    return "is not a zstd file";
  case ZSTD_error_frameParameter_windowTooLarge:
  case ZSTD_error_memory_allocation:
    return "needs too much memory to decompress";
  default:
    return "is a corrupt zstd file";
  }
}

namespace {

class Zstd : public Codec {
public:
  Zstd() : stream(ZSTD_createDStream()) {
    if (!stream)
      fail("cannot set up the zstd decoder");
  }
  ~Zstd() override { ZSTD_freeDStream(stream); }

  const char *step(CodecWindow &window) override {
    ZSTD_inBuffer in{window.in, window.inLeft, 0};
    ZSTD_outBuffer out{window.out, window.outLeft, 0};
    if (window.inLeft == 0 && window.isLast && isBetween) {
      ended = true;
      return nullptr;
    }
    size_t status = ZSTD_decompressStream(stream, &out, &in); // without input it may still have output
    if (ZSTD_isError(status))
      return reasonOf(status);
    bool moved = in.pos > 0 || out.pos > 0;
    window.in += in.pos, window.inLeft -= in.pos;
    window.out += out.pos, window.outLeft -= out.pos;
    isBetween = status == 0;
    return !moved && window.isLast && !isBetween ? "is cut: the zstd stream does not end" : nullptr;
  }

private:
  ZSTD_DStream *stream;
  bool isBetween = false; // a frame has ended; another may follow
};

} // namespace

std::unique_ptr<Codec> xlstm::zstdCodec() { return std::make_unique<Zstd>(); }
