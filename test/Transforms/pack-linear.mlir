// RUN: xlstm-opt %s --xlstm-pack-linear | FileCheck %s
// Projections of one value become one where types agree, parts have whole eights of rows, readers take rows that lie apart
// and the weights are theirs alone; others follow one another. A weight that is computed stays in front (bug of the pass
// that did this before: it moved a projection above its weight).

// CHECK-LABEL: lm.model @decode
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %s: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "s"})
    -> (tensor<1x1x16xf32>, tensor<1x1xf32>) {
  // CHECK: %[[X:.*]] = embed
  %t = lm.param "t" : tensor<16x8xf32>
  %x = lm.embed %ids, %t : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
  // CHECK: %[[W:.*]] = pack %{{.*}}, %{{.*}} : tensor<8x8xbf16>, tensor<16x8xbf16> to tensor<24x8xbf16>
  // CHECK: %[[B:.*]] = pack %{{.*}}, %{{.*}} : tensor<8xbf16>, tensor<16xbf16> to tensor<24xbf16>
  // CHECK: %[[Y:.*]] = linear %[[X]], %[[W]] bias(%[[B]]) : {{.*}} -> tensor<1x1x24xf32>
  // CHECK: linear %[[X]], %{{.*}} : (tensor<1x1x8xf32>, tensor<3x8xf32>)
  // CHECK: slice %[[Y]] from 0 : tensor<1x1x24xf32> to tensor<1x1x8xf32>
  // CHECK: slice %[[Y]] from 8 : tensor<1x1x24xf32> to tensor<1x1x16xf32>
  %wa = lm.param "wa" : tensor<8x8xbf16>
  %ba = lm.param "ba" : tensor<8xbf16>
  %a = lm.linear %x, %wa bias(%ba) : (tensor<1x1x8xf32>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<1x1x8xf32>
  %ah = lm.split_heads %a : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
  %wb = lm.param "wb" : tensor<16x8xbf16>
  %bb = lm.param "bb" : tensor<16xbf16>
  %b = lm.linear %x, %wb bias(%bb) : (tensor<1x1x8xf32>, tensor<16x8xbf16>, tensor<16xbf16>) -> tensor<1x1x16xf32>
  %bh = lm.split_heads %b : tensor<1x1x16xf32> to tensor<1x1x2x8xf32>
  // Three rows, float32: alone, behind the others.
  %wc = lm.param "wc" : tensor<3x8xf32>
  %c = lm.linear %x, %wc : (tensor<1x1x8xf32>, tensor<3x8xf32>) -> tensor<1x1x3xf32>
  %ch = lm.split_heads %c : tensor<1x1x3xf32> to tensor<1x1x1x3xf32>
  // CHECK: %[[D:.*]] = scale %{{.*}} {factor = 2.000000e+00 : f64} : tensor<16x8xf32>
  // CHECK: linear %[[X]], %[[D]]
  %w = lm.param "wd" : tensor<16x8xf32>
  %wd = lm.scale %w {factor = 2.0 : f64} : tensor<16x8xf32>
  %d = lm.linear %x, %wd : (tensor<1x1x8xf32>, tensor<16x8xf32>) -> tensor<1x1x16xf32>
  %bm = lm.merge_heads %bh : tensor<1x1x2x8xf32> to tensor<1x1x16xf32>
  %y = lm.add %d, %bm : tensor<1x1x16xf32>
  lm.return %y, %s : tensor<1x1x16xf32>, tensor<1x1xf32>
}
