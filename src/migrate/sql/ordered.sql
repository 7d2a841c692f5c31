    IF order_by = '{field}' AND descending THEN
      SELECT string_agg({line}, comma) INTO lines FROM (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} ORDER BY {key} DESC NULLS LAST, r._order DESC LIMIT take
      ) AS r;
      RETURN coalesce(lines, '');
    ELSIF order_by = '{field}' THEN
      SELECT string_agg({line}, comma) INTO lines FROM (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} ORDER BY {key} NULLS FIRST, r._order LIMIT take
      ) AS r;
      RETURN coalesce(lines, '');
    END IF;
