//===- GatedDeltaTest.cpp - the gated delta rule in all its forms ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

constexpr int64_t B = 2, T = 23, H = 4, Hkv = 2, m = 5, dv = 6;

/// q, k, v, write, decay, docs.
Tensors inputs(const Tensor &docs) {
  return {randomTensor({B, T, H, m}, 1),     randomTensor({B, T, Hkv, m}, 2),   randomTensor({B, T, Hkv, dv}, 3),
          randomTensor({B, T, H}, 4, -2, 2), randomTensor({B, T, H}, 5, -1, 4), docs};
}

Tensor truth(const Tensors &x) {
  Tensor want = at::empty({B, T, H, dv}, at::kDouble);
  xlstm::reference::gatedDelta(data(x[0]), data(x[1]), data(x[2]), data(x[3]), data(x[4]),
                               x[5].const_data_ptr<int32_t>(), want.mutable_data_ptr<double>(), B, T, H, Hkv, m, dv);
  return want;
}

xlstm::Program program(const Tensors &x, const std::string &form, int64_t chunk) {
  return opProgram("xlstm.gated_delta " + form +
                       " $0, $1, $2 gates($3, $4) docs($5) {chunk = " + std::to_string(chunk) + " : i64}",
                   x, {{x[0].size(0), x[0].size(1), H, dv}});
}

TEST(GatedDelta, EveryFormIsTheReference) {
  for (const Tensor &docs : {documents(B, T, {{T}}), documents(B, T, {{3, 9, 1}, {8}})}) {
    Tensors x = inputs(docs);
    Tensor want = truth(x);
    for (const char *form : {"parallel", "chunkwise", "recurrent"})
      for (int64_t chunk : {1, 4, 8, 64}) {
        xlstm::Program f = program(x, form, chunk);
        EXPECT_LT(headError(f.run("f", x, {}, Double)[0], want), 1e-12) << form << ' ' << chunk;
        EXPECT_LT(headError(f.run("f", x, {})[0], want), 1e-5) << form << ' ' << chunk;
      }
  }
}

TEST(GatedDelta, Gradients) {
  Tensors x = inputs(documents(B, T, {{3, 9, 1}, {8}}));
  for (Tensor &tensor : x) // one row of two documents is enough
    tensor = tensor.narrow(0, 0, 1).narrow(1, 0, 9).contiguous();
  for (const char *form : {"parallel", "chunkwise", "recurrent"}) {
    xlstm::Program f = program(x, form, 4);
    EXPECT_LT(gradientError([&](const Tensors &in) { return f.run("f", in, {}, Double); }, x), 1e-6) << form;
  }
}

/// Pieces of one document, the state carried between them.
TEST(GatedDelta, StateContinues) {
  Tensors x = inputs(documents(B, T, {{T}}));
  Tensor state = at::zeros({B, H, m, dv}, at::kDouble);
  Tensors pieces;
  int64_t from = 0;
  for (int64_t count : {7, 1, 12, 3}) {
    Tensors part;
    for (size_t i = 0; i < 5; ++i)
      part.push_back(x[i].narrow(1, from, count).contiguous());
    part.push_back(state);
    Tensors got = evalOp("xlstm.gated_delta chunkwise $0, $1, $2 gates($3, $4) state($5) {chunk = 4 : i64}", part,
                         {{B, count, H, dv}, {B, H, m, dv}});
    pieces.push_back(got[0]);
    state = got[1];
    from += count;
  }
  EXPECT_LT(headError(at::cat(pieces, 1), truth(x)), 1e-12);
}

} // namespace
