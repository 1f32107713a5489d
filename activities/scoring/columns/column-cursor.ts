/** Walks through a column chunk, so many rows at a time; one page is in memory. Scoring threads. */
import { joinColumns, partOf, type CodedColumn } from './coded-column.ts';
import type { ChunkInfo } from './column-info.ts';
import { pagesOf } from './pages.ts';

export class ColumnCursor {
  private readonly pages: Iterator<CodedColumn>;
  private page: CodedColumn | null = null;
  private used = 0;

  constructor(bytes: Uint8Array, chunk: ChunkInfo) {
    this.pages = pagesOf(bytes, chunk);
  }

  /** The next `rows` rows. Throws a plain Error when there are fewer, or when the bytes are no pages. */
  take(rows: number): CodedColumn {
    const pieces: CodedColumn[] = [];
    for (let missing = rows; missing > 0;) {
      const { page, left } = this.current();
      const count = Math.min(left, missing);
      pieces.push(count === page.rows ? page : partOf(page, this.used, this.used + count));
      this.used += count;
      missing -= count;
    }
    return joinColumns(pieces);
  }
  skip(rows: number): void {
    for (let missing = rows; missing > 0;) {
      const count = Math.min(this.current().left, missing);
      this.used += count;
      missing -= count;
    }
  }

  private current(): { readonly page: CodedColumn; readonly left: number } {
    while (!this.page || this.used === this.page.rows) {
      const next = this.pages.next();
      if (next.done) throw new Error('the column has fewer rows than its row group');
      this.page = next.value;
      this.used = 0;
    }
    return { page: this.page, left: this.page.rows - this.used };
  }
}
