// A bar chart as SVG: barChart(title, [[name, value], …]).
const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

export function barChart(title, bars) {
  const [left, width, row] = [240, 480, 28];
  const most = Math.max(...bars.map(([, value]) => value));
  const lines = bars.map(([name, value], at) => {
    const y = 44 + at * row;
    const fill = name.startsWith('Roost') ? '#c2571a' : '#8a94a3';
    return `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escape(name)}</text>
<rect x="${left}" y="${y}" width="${((width * value) / most).toFixed(1)}" height="18" fill="${fill}"/>
<text x="${left + (width * value) / most + 6}" y="${y + 14}">${value.toLocaleString('en-US')}</text>`;
  });
  const height = 56 + bars.length * row;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 ${height}" font-family="sans-serif" font-size="13">
<rect width="820" height="${height}" fill="#ffffff"/>
<text x="12" y="24" font-weight="bold">${escape(title)}</text>
${lines.join('\n')}
</svg>
`;
}
