//===- Multiply.cpp - the product of two matrices -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

#include "llvm/Support/Parallel.h"

namespace xlstm::onnx {

/// Adds a [rows, inner] times columns [first, end) of b to those of c. Rows go four at a time: each number of b that is
/// read is used for all of them.
static void multiplyColumns(const double *a, const double *b, double *__restrict c, int64_t rows, int64_t inner,
                            int64_t columns, int64_t first, int64_t end) {
  for (int64_t row = 0; row < rows; row += 4) {
    int64_t count = std::min<int64_t>(4, rows - row);
    for (int64_t k = 0; k < inner; ++k) {
      const double *from = b + k * columns, *x = a + row * inner + k;
      double *to = c + row * columns;
      if (count == 4)
        for (int64_t j = first; j < end; ++j) {
          to[j] += x[0] * from[j];
          to[j + columns] += x[inner] * from[j];
          to[j + 2 * columns] += x[2 * inner] * from[j];
          to[j + 3 * columns] += x[3 * inner] * from[j];
        }
      else
        for (int64_t r = 0; r < count; ++r)
          for (int64_t j = first; j < end; ++j)
            to[j + r * columns] += x[r * inner] * from[j];
    }
  }
}

void multiply(const double *a, const double *b, double *c, int64_t rows, int64_t inner, int64_t columns) {
  constexpr int64_t width = 256; // columns of c that stay in the first-level cache
  if (rows * inner * columns < 1 << 20) {
    multiplyColumns(a, b, c, rows, inner, columns, 0, columns);
    return;
  }
  llvm::parallelFor(0, static_cast<size_t>((columns + width - 1) / width), [&](size_t block) {
    int64_t first = static_cast<int64_t>(block) * width;
    multiplyColumns(a, b, c, rows, inner, columns, first, std::min(columns, first + width));
  });
}

} // namespace xlstm::onnx
