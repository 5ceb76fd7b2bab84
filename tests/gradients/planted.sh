#!/bin/sh
# planted.sh GRADIENTS: turns the sign of one derivative after the other; the test must fail.
found=0 of=0
for name in neg abs sqrt exp expm1 log log1p sin cos tanh erf cast add sub mul div mod pow \
    maximum minimum select reshape permute broadcast slice pad concat sum max min contract \
    convolve convolve_input convolve_weight window_max window_max_grad window_max_pick window_sum \
    window_sum_grad gather scatter_add scatter_set cumsum cumprod; do
    of=$((of + 1))
    if LT_PLANTED_FAULT=$name "$1" --only "$name" --trials 10 >/dev/null; then
        echo "a turned sign in the derivative of $name goes unnoticed"
    else
        found=$((found + 1))
    fi
done
echo "$found of $of planted faults found"
test "$found" = "$of"
