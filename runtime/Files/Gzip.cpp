//===- Gzip.cpp - .gz, also of several members ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/ByteSource.h"
#include "xlstm/Support/Error.h"

#include <zlib.h>

using namespace xlstm;

namespace {

class Gzip : public Codec {
public:
  Gzip() {
    constexpr int largestWindow = 15, gzipAlone = 16;
    if (inflateInit2(&stream, largestWindow + gzipAlone) != Z_OK)
      fail("cannot set up the gzip decoder");
  }
  ~Gzip() override { inflateEnd(&stream); }

  const char *step(CodecWindow &window) override {
    if (window.inLeft == 0 && window.isLast) {
      ended = isBetween;
      return ended ? nullptr : "is cut: the gzip stream does not end";
    }
    if (isBetween)
      inflateReset(&stream);
    stream.next_in = const_cast<Bytef *>(window.in), stream.avail_in = uInt(window.inLeft);
    stream.next_out = window.out, stream.avail_out = uInt(window.outLeft);
    int status = inflate(&stream, Z_NO_FLUSH);
    window.in = stream.next_in, window.inLeft = stream.avail_in;
    window.out = stream.next_out, window.outLeft = stream.avail_out;
    isBetween = status == Z_STREAM_END;
    isBegun |= stream.total_out > 0 || isBetween;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR)
      return nullptr;
    return isBegun ? "is a corrupt gzip file" : "is not a gzip file, or a corrupt one";
  }

private:
  z_stream stream{};
  bool isBetween = false, isBegun = false; // isBetween: a member has ended; another may follow
};

} // namespace

std::unique_ptr<Codec> xlstm::gzipCodec() { return std::make_unique<Gzip>(); }
