//===- StatesApartTest.cpp - one call for texts whose states lie apart ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each text alone, by the calls that other tests hold against float64, is the truth: a few texts together have its bits,
// outputs and states, and many are as near as their type allows.

#include "test/unit/Cuda/CudaTest.h"
#include "xlstm/Kernels/Cuda.h"

#include <functional>
#include <numeric>

using namespace xlstm;
using namespace xlstm::test;

namespace {

/// Places in a text's own memory; sizes in bytes.
class Layout {
public:
  int64_t add(int64_t size) {
    const int64_t at = bytes;
    bytes += (size + 255) / 256 * 256;
    return at;
  }
  int64_t bytes = 0;
};

/// Memory of texts, which begins as NaN with position 0.
struct Texts {
  Texts(int64_t count, int64_t bytes, int64_t pos) : apart(count) {
    for (int64_t n = 0; n < count; ++n) {
      all.emplace_back(bytes);
      EXPECT_EQ(cudaMemset(at(n) + pos, 0, 4), cudaSuccess);
    }
    std::vector<int64_t> behind;
    for (int64_t n = 0; n < count; ++n)
      behind.push_back(at(n) - at(0));
    apart.put(behind.data());
  }
  char *at(int64_t n) const { return static_cast<char *>(all[n].get()); }
  std::vector<uint8_t> bytes(int64_t n, int64_t count) const {
    std::vector<uint8_t> result(count);
    all[n].take(result.data());
    return result;
  }

  std::vector<DeviceBytes> all;
  DeviceArray<int64_t> apart;
};

/// A mixer or attention of one token: `alone` steps text n, `together` all, on inputs that `draw` makes.
struct Step {
  int64_t texts, width, bytes, pos; // texts; elements of an output row; bytes of a state; the position in it
  std::function<void(uint32_t seed)> draw;
  std::function<int(char *state, int64_t text, void *h)> alone;
  std::function<int(char *first, const int64_t *apart, void *h)> together;
};

void check(const Step &step, xlstm_dtype type) {
  Texts one(step.texts, step.bytes, step.pos), all(step.texts, step.bytes, step.pos);
  const int64_t row = step.width * sizeOf(type);
  DeviceFloats want(type, step.texts * step.width), got(type, step.texts * step.width);
  for (uint32_t t = 0; t < 5; ++t) { // texts have read different numbers of tokens before, some none
    step.draw(100 * t);
    for (int64_t n = 0; n < step.texts; ++n)
      if (n % 5 > t)
        ASSERT_CUDA(step.alone(one.at(n), n, static_cast<char *>(want.get()) + n * row));
  }
  for (int64_t n = 0; n < step.texts; ++n)
    ASSERT_EQ(cudaMemcpy(all.at(n), one.at(n), step.bytes, cudaMemcpyDefault), cudaSuccess);
  for (uint32_t t = 5; t < 25; ++t) {
    step.draw(100 * t);
    for (int64_t n = 0; n < step.texts; ++n)
      ASSERT_CUDA(step.alone(one.at(n), n, static_cast<char *>(want.get()) + n * row));
    ASSERT_CUDA(step.together(all.at(0), all.apart.get(), got.get()));
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    if (step.texts > 8)
      ASSERT_LE(headError(got.values(), widen(want.values()), 1, step.width), toleranceOf(type)) << "step " << t;
    else
      ASSERT_EQ(got.values(), want.values()) << "step " << t;
  }
  for (int64_t n = 0; n < step.texts && step.texts <= 8; ++n)
    EXPECT_EQ(all.bytes(n, step.bytes), one.bytes(n, step.bytes)) << "the state of text " << n;
}

class CudaStatesApart : public testing::TestWithParam<xlstm_dtype> {
protected:
  xlstm_dtype type = GetParam();

  void hybrid(int64_t B, int64_t H, int64_t Hkv, int64_t d, int64_t W, int64_t S) const;
  void attention(int64_t B, int64_t H, int64_t Hkv, int64_t d, int64_t W) const;
};

const char *rowOf(const DeviceBytes &all, int64_t n, int64_t bytes) { return static_cast<char *>(all.get()) + n * bytes; }

void CudaStatesApart::hybrid(int64_t B, int64_t H, int64_t Hkv, int64_t d, int64_t W, int64_t S) const {
  SCOPED_TRACE(testing::Message() << B << " texts, H" << H << " Hkv" << Hkv << " d" << d << " W" << W << " S" << S);
  const int64_t size = sizeOf(type);
  Layout layout;
  const int64_t matrix = layout.add(H * d * d * 4), z = layout.add(H * d * 4), m = layout.add(H * 4),
                ringK = layout.add(W * Hkv * d * size), ringV = layout.add(W * Hkv * d * size),
                sinkK = layout.add(S * Hkv * d * size), sinkV = layout.add(S * Hkv * d * size), pos = layout.add(4);
  DeviceFloats maps(type, rounded(type, randomFloats(2 * H * d * d, 7, -0.3f, 0.3f)));
  std::vector<int64_t> turns(d / 2);
  std::iota(turns.begin(), turns.end(), int64_t(1) << 50);
  DeviceArray<int64_t> deviceTurns(turns);
  DeviceFloats q(type, B * H * d), k(type, B * Hkv * d), v(type, B * Hkv * d);
  DeviceFloats gates(XLSTM_F32, 3 * B * H); // input, forget, output, each [B,H]
  DeviceArray<unsigned> zeroed(std::vector<unsigned>(B, 0));
  auto call = [&](char *state, int64_t n, int64_t count, const int64_t *apart, void *h) {
    auto gate = [&](int64_t which) { return static_cast<float *>(gates.get()) + (which * B + n) * H; };
    auto f32 = [&](int64_t at) { return reinterpret_cast<float *>(state + at); };
    return xlstm_cuda_hybrid_step_apart(
        type, rowOf(q, n, H * d * size), rowOf(k, n, Hkv * d * size), rowOf(v, n, Hkv * d * size), gate(0), gate(1),
        gate(2), maps.get(), rowOf(maps, H * d * d, size), deviceTurns.get(), f32(matrix), f32(z), f32(m), state + ringK,
        state + ringV, S ? state + sinkK : nullptr, S ? state + sinkV : nullptr, reinterpret_cast<int32_t *>(state + pos),
        h, count, 1, H, Hkv, d, W, S, H * d, Hkv * d, Hkv * d, 0.125f, 1, apart, nullptr, zeroed.get(), nullptr);
  };
  auto draw = [&](uint32_t seed) {
    auto fill = [&](DeviceFloats &to, int64_t count, uint32_t own, xlstm_dtype as, float most) {
      DeviceFloats from(as, rounded(as, randomFloats(count, seed + own, -most, most)));
      ASSERT_EQ(cudaMemcpy(to.get(), from.get(), count * sizeOf(as), cudaMemcpyDefault), cudaSuccess);
    };
    fill(q, B * H * d, 0, type, 2), fill(k, B * Hkv * d, 1, type, 2), fill(v, B * Hkv * d, 2, type, 1);
    fill(gates, 3 * B * H, 3, XLSTM_F32, 3);
  };
  check({B, H * d, layout.bytes, pos, draw,
         [&](char *state, int64_t n, void *h) { return call(state, n, 1, nullptr, h); },
         [&](char *first, const int64_t *apart, void *h) { return call(first, 0, B, apart, h); }},
        type);
}

void CudaStatesApart::attention(int64_t B, int64_t H, int64_t Hkv, int64_t d, int64_t W) const {
  SCOPED_TRACE(testing::Message() << B << " texts, H" << H << " Hkv" << Hkv << " d" << d << " W" << W);
  const int64_t size = sizeOf(type), S = 3;
  Layout layout;
  const int64_t ringK = layout.add(W * Hkv * d * size), ringV = layout.add(W * Hkv * d * size),
                sinkK = layout.add(S * Hkv * d * size), sinkV = layout.add(S * Hkv * d * size), pos = layout.add(4);
  DeviceFloats q(type, B * H * d), k(type, B * Hkv * d), v(type, B * Hkv * d);
  DeviceBytes workspace(xlstm_cuda_attention_workspace(type, B, 1, H, Hkv, d, d, W, S) +
                        xlstm_cuda_attention_workspace(type, 1, 1, H, Hkv, d, d, W, S));
  auto call = [&](char *state, int64_t n, int64_t count, const int64_t *apart, void *h) {
    auto *position = reinterpret_cast<int32_t *>(state + pos);
    const int error = xlstm_cuda_attention_apart(
        type, rowOf(q, n, H * d * size), rowOf(k, n, Hkv * d * size), rowOf(v, n, Hkv * d * size), position,
        state + ringK, state + ringV, state + sinkK, state + sinkV, h, count, 1, H, Hkv, d, d, W, S, H * d, Hkv * d,
        Hkv * d, 0.125f, apart, workspace.get(), nullptr);
    return error   ? error
           : apart ? xlstm_cuda_advance_apart(position, count, 1, apart, nullptr)
                   : xlstm_cuda_advance(position, 1, 1, nullptr);
  };
  auto draw = [&](uint32_t seed) {
    for (auto [to, count] : {std::pair(&q, B * H * d), std::pair(&k, B * Hkv * d), std::pair(&v, B * Hkv * d)}) {
      DeviceFloats from(type, rounded(type, randomFloats(count, seed++, -2, 2)));
      ASSERT_EQ(cudaMemcpy(to->get(), from.get(), count * size, cudaMemcpyDefault), cudaSuccess);
    }
  };
  check({B, H * d, layout.bytes, pos, draw,
         [&](char *state, int64_t n, void *h) { return call(state, n, 1, nullptr, h); },
         [&](char *first, const int64_t *apart, void *h) { return call(first, 0, B, apart, h); }},
        type);
}

} // namespace

// The fast kernel (bf16, one to four query heads a key head) and the general one, in few texts and in many.
TEST_P(CudaStatesApart, HybridStep) {
  for (int64_t B : {2, 8, 20}) {
    hybrid(B, 4, 2, 64, 7, 2);
    hybrid(B, 4, 1, 128, 16, 3);
    hybrid(B, 3, 1, 64, 9, 4);
    hybrid(B, 2, 2, 32, 5, 0);
  }
}

TEST_P(CudaStatesApart, Attention) {
  for (int64_t B : {2, 8, 20}) {
    attention(B, 4, 2, 64, 12);
    attention(B, 3, 1, 128, 700); // shared by several blocks
    attention(B, 2, 1, 20, 9);    // the plain kernel
  }
}

TEST(CudaStatesApartSteps, PositionsAndAdvance) {
  DeviceArray<int32_t> first(std::vector<int32_t>{5, 0, 9});
  DeviceArray<int64_t> apart(std::vector<int64_t>{8, 0});
  DeviceArray<int32_t> positions(2);
  ASSERT_CUDA(xlstm_cuda_positions_apart(first.get(), positions.get(), 2, 1, apart.get(), nullptr));
  EXPECT_EQ(positions.values(), (std::vector<int32_t>{9, 5}));
  ASSERT_CUDA(xlstm_cuda_advance_apart(first.get(), 2, 1, apart.get(), nullptr));
  EXPECT_EQ(first.values(), (std::vector<int32_t>{6, 0, 10}));
}

INSTANTIATE_TEST_SUITE_P(Types, CudaStatesApart, testing::Values(XLSTM_F32, XLSTM_BF16),
                         [](const auto &info) { return info.param == XLSTM_F32 ? "F32" : "BF16"; });
