# SPDX-License-Identifier: GPL-2.0
#
# gnuplot -e "files='FILE...'; chart='FILE'" chart.gp: what table.awk made of the
# results, as bars. The scale is logarithmic: equal distances are equal ratios.
line(n, file) = system(sprintf("sed -n %dp '%s'", n, file))
colours = "#000000 #1f77b4 #6baed6 #9ecae1 #08519c #d62728 #fc9272 #74c476 \
#a1d99b #238b45 #006d2c #41ab5d #00441b #ff7f0e #8c564b #e377c2"
do for [i = 1:words(colours)] {
	set linetype i linecolor rgb word(colours, i)
}
set terminal svg size 1600, 420 * words(files) dynamic font "sans-serif,12"
set output chart
set multiplot layout words(files), 1
set datafile missing "?"
set style data histograms
set style histogram clustered gap 2
set style fill solid 0.8 noborder
set boxwidth 1
set logscale y 10
set grid ytics
set xtics nomirror rotate by -15 noenhanced
set ytics nomirror
set ylabel "instructions per operation"
set key outside right top noenhanced
do for [i = 1:words(files)] {
	file = word(files, i)
	set title line(1, file)[3:]
	plot for [c = 2:words(line(2, file))] file using c:xtic(1) \
		title columnheader(c)
}
unset multiplot
