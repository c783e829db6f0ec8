//===- MlstmTest.cpp - the forms of the matrix memory against the reference ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <limits>

using namespace xlstm::test;
using at::Tensor;
using xlstm::MlstmForm;

namespace {

struct Case {
  int64_t B = 2, T = 70, H = 4, heads = 2, m = 6, d = 5;
  bool gates = true;
  Shape output() const { return {B, T, H, d}; }
};

struct Form {
  MlstmForm form;
  int64_t chunk;
};
const std::vector<Form> Forms = {{MlstmForm::Parallel, 1},   {MlstmForm::Chunkwise, 1},  {MlstmForm::Chunkwise, 7},
                                 {MlstmForm::Chunkwise, 16}, {MlstmForm::Chunkwise, 64}, {MlstmForm::Chunkwise, 1000},
                                 {MlstmForm::Recurrent, 1}};

/// q, k as feature maps give them (positive, summing to 1), v, i, f, docs. Gates within +-`range`, around `forget`.
Tensors operands(const Case &c, const Tensor &docs, double range = 2, double forget = 3, uint64_t seed = 1) {
  Tensors x = {randomTensor({c.B, c.T, c.H, c.m}, seed, -2, 2).softmax(-1).to(at::kFloat).to(at::kDouble),
               randomTensor({c.B, c.T, c.H, c.m}, seed + 1, -2, 2).softmax(-1).to(at::kFloat).to(at::kDouble),
               randomTensor({c.B, c.T, c.heads, c.d}, seed + 2)};
  if (c.gates) {
    x.push_back(randomTensor({c.B, c.T, c.H}, seed + 3, -range, range));
    x.push_back(randomTensor({c.B, c.T, c.H}, seed + 4, forget - range, forget + range));
  }
  x.push_back(docs);
  return x;
}

std::string mlstmOp(const Case &c) {
  return std::string("xlstm.mlstm chunkwise $0, $1, $2 ") + (c.gates ? "gates($3, $4) docs($5)" : "docs($3)");
}

xlstm::EvalOptions options(const Form &form, at::ScalarType type) {
  xlstm::EvalOptions result = optionsOf(type);
  result.form = form.form;
  result.chunk = form.chunk;
  return result;
}

Tensor reference(const Case &c, const Tensors &x) {
  Tensor h = at::empty(c.output(), at::kDouble);
  xlstm::reference::mlstm(data(x[0]), data(x[1]), data(x[2]), c.gates ? data(x[3]) : nullptr,
                          c.gates ? data(x[4]) : nullptr, x.back().const_data_ptr<int32_t>(),
                          h.mutable_data_ptr<double>(), c.B, c.T, c.H, c.heads, c.m, c.d);
  return h;
}

/// Every form in both types against the reference.
void expectForms(const Case &c, const Tensors &x, double tolerance = 1e-5) {
  xlstm::Program program = opProgram(mlstmOp(c), x, {c.output()});
  Tensor want = reference(c, x);
  for (const Form &form : Forms) {
    EXPECT_LT(headError(program.run("f", x, {}, options(form, at::kDouble))[0], want), 1e-11)
        << "form " << int(form.form) << " chunk " << form.chunk << " T " << c.T;
    EXPECT_LT(headError(program.run("f", x, {}, options(form, at::kFloat))[0], want), tolerance)
        << "form " << int(form.form) << " chunk " << form.chunk << " T " << c.T;
  }
}

} // namespace

TEST(Mlstm, formsAgreeWithReference) {
  for (int64_t T : {1, 2, 7, 64, 65, 150})
    for (auto [H, heads] : {std::pair<int64_t, int64_t>{1, 1}, {4, 2}, {3, 1}})
      for (const auto &lengths : {std::vector<std::vector<int64_t>>{{1000}}, {{11, 1, 40}, {1000}}})
        for (bool gates : {true, false}) {
          Case c{2, T, H, heads, 6, 5, gates};
          expectForms(c, operands(c, documents(2, T, lengths)));
        }
}

TEST(Mlstm, extremeGates) {
  for (double forget : {-50.0, 0.0, 50.0}) {
    Case c;
    expectForms(c, operands(c, documents(c.B, c.T, {{1000}, {30, 40}}), 50, forget));
  }
  Case c{1, 3, 1, 1, 2, 1};
  for (double i : {-50.0, 50.0})
    for (double f : {-50.0, 50.0}) {
      Tensors x = operands(c, documents(1, 3, {{3}}));
      x[3] = at::full({1, 3, 1}, i, at::kDouble);
      x[4] = at::full({1, 3, 1}, f, at::kDouble);
      expectForms(c, x);
    }
}

TEST(Mlstm, longMemory) {
  Case c{1, 2048, 1, 1, 4, 4};
  Tensors x = operands(c, documents(1, c.T, {{c.T}}), 3, 8);
  xlstm::Program program = opProgram(mlstmOp(c), x, {c.output()});
  Tensor want = reference(c, x);
  for (const Form &form : {Form{MlstmForm::Parallel, 1}, Form{MlstmForm::Chunkwise, 64},
                           Form{MlstmForm::Chunkwise, 500}, Form{MlstmForm::Recurrent, 1}})
    EXPECT_LT(headError(program.run("f", x, {}, options(form, at::kFloat))[0], want), 1e-5) << form.chunk;
}

// Logits 110 apart: every product of features underflows in float32, and the clamped denominator must not make a NaN.
TEST(Mlstm, vanishingFeaturesStayFinite) {
  Case c{1, 20, 1, 1, 2, 3};
  Tensors x = operands(c, documents(1, c.T, {{c.T}}));
  x[0].zero_().select(3, 0).fill_(1);
  x[1].zero_().select(3, 1).fill_(1);
  xlstm::Program program = opProgram(mlstmOp(c), x, {c.output()});
  for (const Form &form : Forms) {
    Tensors leaves = x;
    for (size_t n = 0; n < 5; ++n)
      leaves[n] = x[n].to(at::kFloat).requires_grad_(true);
    Tensor h = program.run("f", leaves, {}, options(form, at::kFloat))[0];
    EXPECT_EQ(h.abs().max().item<float>(), 0);
    h.sum().backward();
    for (size_t n = 0; n < 5; ++n)
      EXPECT_TRUE(leaves[n].grad().isfinite().all().item<bool>()) << "input " << n << " form " << int(form.form);
  }
}

TEST(Mlstm, gradients) {
  for (bool gates : {true, false})
    for (const Form &form : {Form{MlstmForm::Parallel, 1}, Form{MlstmForm::Chunkwise, 1}, Form{MlstmForm::Chunkwise, 4},
                             Form{MlstmForm::Recurrent, 1}}) {
      Case c{2, 10, 2, 1, 3, 2, gates};
      Tensors x = operands(c, documents(2, 10, {{10}, {3, 6, 1}}));
      xlstm::Program program = opProgram(mlstmOp(c), x, {c.output()});
      auto run = [&](const Tensors &in) { return program.run("f", in, {}, options(form, at::kDouble)); };
      EXPECT_LT(gradientError(run, x), 1e-6) << "form " << int(form.form) << " chunk " << form.chunk;
    }
}

// Gradients of all forms at the shapes of training, in float32, against float64 of the recurrent form.
TEST(Mlstm, gradientsOfTheFormsAgree) {
  for (double range : {2.0, 50.0}) {
    Case c;
    Tensors x = operands(c, documents(c.B, c.T, {{1000}, {30, 40}}), range, range > 2 ? 0 : 3);
    xlstm::Program program = opProgram(mlstmOp(c), x, {c.output()});
    auto gradients = [&](const Form &form, at::ScalarType type) {
      Tensors leaves = x;
      for (size_t n = 0; n < 5; ++n)
        leaves[n] = x[n].clone().to(type).requires_grad_(true);
      Tensor h = program.run("f", leaves, {}, options(form, type))[0];
      (h * randomTensor(c.output(), 9, -1, 1).to(type)).sum().backward();
      Tensors result;
      for (size_t n = 0; n < 5; ++n)
        result.push_back(leaves[n].grad());
      return result;
    };
    Tensors want = gradients({MlstmForm::Recurrent, 1}, at::kDouble);
    for (const Form &form : Forms) {
      Tensors exact = gradients(form, at::kDouble), got = gradients(form, at::kFloat);
      for (size_t n = 0; n < 5; ++n) {
        EXPECT_LT(error(exact[n], want[n]), 1e-9) << "input " << n << " form " << int(form.form) << " " << form.chunk;
        EXPECT_LT(error(got[n], want[n]), 1e-4) << "input " << n << " form " << int(form.form) << " " << form.chunk;
      }
    }
  }
}

TEST(Mlstm, documentsAreIndependentBitForBit) {
  Case c{1, 150, 4, 2, 8, 8};
  Tensors x = operands(c, documents(1, c.T, {{40, 70, 40}})), other = x;
  for (size_t n = 0; n < 5; ++n) {
    other[n] = x[n].clone();
    for (auto [from, count] : {std::pair<int64_t, int64_t>{0, 40}, {110, 40}})
      other[n].narrow(1, from, count).mul_(n < 2 ? 0.3 : -11);
  }
  xlstm::Program program = opProgram(mlstmOp(c), x, {c.output()});
  for (const Form &form : Forms) {
    auto run = [&](Tensors leaves) {
      for (size_t n = 0; n < 5; ++n)
        leaves[n] = leaves[n].to(at::kFloat).requires_grad_(true);
      Tensor h = program.run("f", leaves, {}, options(form, at::kFloat))[0];
      h.narrow(1, 40, 70).square().sum().backward();
      Tensors result = {h.detach()};
      for (size_t n = 0; n < 5; ++n)
        result.push_back(leaves[n].grad());
      return result;
    };
    Tensors a = run(x), b = run(other);
    for (size_t n = 0; n < a.size(); ++n) {
      EXPECT_TRUE(sameBits(a[n].narrow(1, 40, 70), b[n].narrow(1, 40, 70)))
          << "output " << n << " form " << int(form.form) << " chunk " << form.chunk;
      if (n > 0) {
        EXPECT_EQ(a[n].narrow(1, 0, 40).abs().max().item<float>(), 0);
        EXPECT_EQ(a[n].narrow(1, 110, 40).abs().max().item<float>(), 0);
      }
    }
  }
}

namespace {

std::string stateOp(const std::string &form) {
  return "xlstm.mlstm " + form + " $0, $1, $2 gates($3, $4) state($5, $6, $7) {chunk = 7 : i64}";
}

Tensors emptyState(const Case &c, at::ScalarType type) {
  return {at::zeros({c.B, c.H, c.m, c.d}, type), at::zeros({c.B, c.H, c.m}, type),
          at::full({c.B, c.H}, -std::numeric_limits<double>::infinity(), type)};
}

} // namespace

TEST(Mlstm, stateInPiecesEqualsTheWhole) {
  for (auto [type, tolerance] : {std::pair{at::kDouble, 1e-11}, {at::kFloat, 1e-5}})
    for (double range : {2.0, 50.0})
      for (const std::vector<int64_t> &pieces : {std::vector<int64_t>{1, 2}, {20, 1, 3}, {65, 1}}) {
        Case c;
        Tensors x = operands(c, documents(c.B, c.T, {{c.T}}), range), state = emptyState(c, type);
        Tensor want = reference(c, x);
        int64_t done = 0;
        for (size_t n = 0; done < c.T; ++n) {
          int64_t count = std::min(c.T - done, pieces[n % pieces.size()]);
          Tensors arguments;
          for (size_t k = 0; k < 5; ++k)
            arguments.push_back(x[k].narrow(1, done, count).contiguous());
          arguments.insert(arguments.end(), state.begin(), state.end());
          Tensors results = evalOp(stateOp(n % 2 ? "recurrent" : "chunkwise"), arguments,
                                   {{c.B, count, c.H, c.d}, {c.B, c.H, c.m, c.d}, {c.B, c.H, c.m}, {c.B, c.H}}, type);
          EXPECT_LT(headError(results[0], want.narrow(1, done, count)), tolerance) << "at " << done;
          state.assign(results.begin() + 1, results.end());
          EXPECT_EQ(state[2].scalar_type(), type);
          done += count;
        }
      }
}

// m is a frame: what has a derivative is h and the memory itself, S exp(m) and z exp(m).
TEST(Mlstm, gradientsThroughState) {
  for (const char *form : {"chunkwise", "recurrent", "parallel"}) {
    Case c{1, 9, 2, 1, 3, 2};
    Tensors x = operands(c, documents(1, c.T, {{c.T}}));
    x.pop_back();
    x.push_back(randomTensor({1, 2, 3, 2}, 11));
    x.push_back(randomTensor({1, 2, 3}, 12, 0.1, 1));
    x.push_back(randomTensor({1, 2}, 13, -1, 1));
    xlstm::Program program = opProgram(stateOp(form), x, {c.output(), {1, 2, 3, 2}, {1, 2, 3}, {1, 2}});
    auto run = [&](const Tensors &in) {
      Tensors y = program.run("f", in, {}, Double);
      Tensor scale = y[3].exp();
      return Tensors{y[0], y[1] * scale.unsqueeze(-1).unsqueeze(-1), y[2] * scale.unsqueeze(-1)};
    };
    EXPECT_LT(gradientError(run, x), 1e-6) << form;
  }
}
