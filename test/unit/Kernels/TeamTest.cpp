//===- TeamTest.cpp - kernels give the same bits in any number of threads -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelTest.h"

#include <barrier>
#include <functional>
#include <gtest/gtest.h>
#include <thread>

using namespace xlstm;
using namespace xlstm::test;

namespace {

struct Member : xlstm_team {
  std::barrier<> *gate;
};

/// Runs `call` in so many threads at once.
void runInThreads(int64_t parts, const std::function<void(const xlstm_team *)> &call) {
  std::barrier<> gate(parts);
  std::vector<std::thread> threads;
  for (int64_t part = 0; part < parts; ++part)
    threads.emplace_back([&, part] {
      Member member{{part, parts, [](const xlstm_team *team) { static_cast<const Member *>(team)->gate->arrive_and_wait(); }},
                    &gate};
      call(&member);
    });
  for (std::thread &thread : threads)
    thread.join();
}

/// What a kernel writes into all arrays that it is given, alone and in teams of several sizes.
void checkTeams(const std::vector<Floats> &before,
                const std::function<void(std::vector<Floats> &, const xlstm_team *)> &kernel) {
  std::vector<Floats> alone = before;
  kernel(alone, nullptr);
  for (int64_t parts : {2, 3, 7}) {
    std::vector<Floats> together = before;
    runInThreads(parts, [&](const xlstm_team *team) { kernel(together, team); });
    for (size_t i = 0; i < alone.size(); ++i)
      EXPECT_EQ(0, memcmp(alone[i].data(), together[i].data(), alone[i].size() * sizeof(float)))
          << "array " << i << " of " << parts << " threads";
  }
}

} // namespace

TEST(Team, Attention) {
  const int64_t H = 6, Hkv = 3, d = 16, W = 20, S = 4;
  for (int64_t T : {1, 30, 200})
    for (int32_t at : {0, 3, 33}) {
      Floats q = randomFloats(T * H * d, 1), k = randomFloats(T * Hkv * d, 2), v = randomFloats(T * Hkv * d, 3);
      std::vector<Floats> arrays = {randomFloats(W * Hkv * d, 4), randomFloats(W * Hkv * d, 5),
                                    randomFloats(S * Hkv * d, 6), randomFloats(S * Hkv * d, 7), Floats(T * H * d, NAN)};
      checkTeams(arrays, [&](std::vector<Floats> &a, const xlstm_team *team) {
        xlstm_cpu_attention_f32(q.data(), k.data(), v.data(), &at, a[0].data(), a[1].data(), a[2].data(), a[3].data(),
                            a[4].data(), 1, T, H, Hkv, d, d, W, S, H * d, Hkv * d, Hkv * d, 0.25f, team);
      });
    }
}

TEST(Team, Mlstm) {
  const int64_t H = 6, Hkv = 3, m = 16, dv = 24;
  for (int64_t T : {1, 70}) {
    Floats q = randomFloats(T * H * m, 1, 0, 1), k = randomFloats(T * H * m, 2, 0, 1), v = randomFloats(T * Hkv * dv, 3),
           i = randomFloats(T * H, 4), f = randomFloats(T * H, 5);
    std::vector<Floats> arrays = {randomFloats(H * m * dv, 6), randomFloats(H * m, 7), randomFloats(H, 8),
                                  Floats(T * H * dv, NAN)};
    checkTeams(arrays, [&](std::vector<Floats> &a, const xlstm_team *team) {
      xlstm_cpu_mlstm(q.data(), k.data(), v.data(), i.data(), f.data(), a[0].data(), a[1].data(), a[2].data(),
                      a[3].data(), 1, T, H, Hkv, m, dv, Hkv * dv, 32, team);
    });
  }
}

TEST(Team, WhatHasNoState) {
  const int64_t H = 6, Hkv = 3, d = 32, n = H * d;
  for (int64_t T : {1, 5, 64}) {
    Floats x = randomFloats(T * n, 1), w = randomFloats(n * n, 2), k = randomFloats(T * Hkv * d, 3), bias = randomFloats(n, 4),
           gate = randomFloats(T * H, 5);
    std::vector<int32_t> positions(T, 9);
    std::vector<int64_t> turns(d / 2, int64_t{1} << 60);
    auto check = [&](int64_t size, const std::function<void(float *, const xlstm_team *)> &kernel) {
      checkTeams({Floats(size, NAN)}, [&](std::vector<Floats> &a, const xlstm_team *team) { kernel(a[0].data(), team); });
    };
    check(T * n, [&](float *y, auto *team) {
      xlstm_cpu_linear_f32(x.data(), w.data(), bias.data(), x.data(), y, T, n, n, team);
    });
    check(T * n, [&](float *y, auto *team) { xlstm_cpu_rms_norm_f32(x.data(), w.data(), y, T, H, d, n, 1e-5f, team); });
    check(T * n, [&](float *y, auto *team) { xlstm_cpu_swiglu(x.data(), x.data(), y, T, n, n, n, team); });
    check(T * n, [&](float *y, auto *team) { xlstm_cpu_add(x.data(), x.data(), y, T * n, team); });
    check(T * n, [&](float *y, auto *team) { xlstm_cpu_scale(x.data(), y, T * n, 3, team); });
    check(T * n, [&](float *y, auto *team) { xlstm_cpu_copy(x.data(), y, T, n, n, n, team); });
    check(n, [&](float *y, auto *team) { xlstm_cpu_last(x.data(), y, 1, T, n, team); });
    check(T * n, [&](float *y, auto *team) {
      xlstm_cpu_rope(x.data(), positions.data(), turns.data(), y, T, H, d, n, 1, team);
    });
    check(T * n, [&](float *y, auto *team) {
      xlstm_cpu_feature_map_softmax_f32(x.data(), w.data(), y, T, H, H, d, d, n, team);
    });
    check(T * H, [&](float *y, auto *team) {
      xlstm_cpu_output_gate_f32(x.data(), k.data(), k.data(), w.data(), bias.data(), y, T, H, Hkv, d, n, Hkv * d, Hkv * d,
                                team);
    });
    check(T * n, [&](float *y, auto *team) { xlstm_cpu_mix(gate.data(), x.data(), x.data(), y, T * H, d, team); });
  }
}

TEST(Team, Last) {
  Floats x = randomFloats(2 * 3 * 20, 1), y(2 * 20);
  xlstm_cpu_last(x.data(), y.data(), 2, 3, 20);
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t c = 0; c < 20; ++c)
      EXPECT_EQ(y[b * 20 + c], x[(b * 3 + 2) * 20 + c]);
}
